"""Stages of a recipe, as records of report.json."""

from __future__ import annotations

from typing import Any

from onnxprune.calibration import Quantised
from onnxprune.pruning import Recovery, Result, Stage
from onnxprune.report import pieces
from onnxprune.report.closeness import closeness
from onnxprune.report.record import Counts, QuantisedRecord, StageRecord


def stage_record(stage: Stage) -> StageRecord:
    """What the report says of a stage; what its kind doesn't have is null or empty."""
    return StageRecord(
        kind=stage.kind,
        settings=stage.settings,
        seconds=stage.seconds,
        after=Counts(*(round(stage.after[name]) for name in ("params", "macs", "bytes"))),
        fidelity=closeness(stage.fidelity) if stage.fidelity else None,
        warnings=stage.warnings,
        **{**_NOTHING, **_did(stage.work)},
    )


_NOTHING: dict[str, Any] = {
    "target": None,
    "loss": None,
    "proof": None,
    "repairs": [],
    "masks": None,
    "recovery": None,
    "quantised": None,
    "passes": [],
    "groups": [],
    "sparse": [],
    "sparse_layers": [],
}


def _did(work: Result | Recovery | Quantised) -> dict[str, Any]:
    if isinstance(work, Result):
        return _pruned(work)
    if isinstance(work, Recovery):
        return {"recovery": pieces.recovered(work)}
    data = pieces.given(work.data) if work.data is not None else None
    return {"quantised": QuantisedRecord(work.mode, work.weights, work.activations, work.per_channel, work.nodes, data)}


def _pruned(work: Result) -> dict[str, Any]:
    return {
        "target": pieces.aim(work),
        "loss": pieces.loss(work),
        "proof": pieces.proof(work),
        "repairs": [str(entry["name"]) for entry in work.plan.repairs],
        "masks": pieces.masks(work),
        "recovery": pieces.recovered(work.recovery) if work.recovery else None,
        "passes": pieces.passes(work),
        "groups": [pieces.width(entry) for entry in work.plan.groups],
        "sparse": pieces.sparse(work),
        "sparse_layers": pieces.sparse_layers(work),
    }
