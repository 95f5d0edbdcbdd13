"""What is said of a model between stages, and of stages in the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from onnxprune.calibration import Quantised
from onnxprune.pruning import Options, Recovery, Result, Stage
from onnxprune.report import opened


def counts(model: Path, options: Options) -> dict[str, float]:
    """Stored parameters, multiply-accumulates of one inference, and bytes of a model file."""
    found = opened(model, options.data, options.seed)
    return {"params": found.params.total(), "macs": found.macs.total(), "bytes": float(found.bytes)}


def told(stage: Stage) -> dict[str, Any]:
    """What the plan says of a stage: nothing that a clock or a rounding says."""
    after = {name: round(value) for name, value in stage.after.items()}
    return {"kind": stage.kind, "settings": stage.settings, "after": after, **_did(stage.work)}


def _did(work: Result | Recovery | Quantised) -> dict[str, Any]:
    if isinstance(work, Result):
        return {"did": work.plan.body()}
    if isinstance(work, Recovery):
        data = {"sha256": work.data.digest, "samples": work.data.samples}
        return {
            "did": {"mode": work.setting.mode, "gained": work.gained, "steps": work.outcome.steps, "held_out": data}
        }
    ranges = {"sha256": work.data.digest, "samples": work.data.samples} if work.data is not None else None
    names = ("mode", "weights", "activations", "per_channel", "nodes")
    return {"did": {**{name: getattr(work, name) for name in names}, "data": ranges}}
