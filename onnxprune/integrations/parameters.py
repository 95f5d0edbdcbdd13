"""What other programs may ask of a pruning: parameters by name, and the options that they mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxprune.errors import InputError
from onnxprune.pruning import Options, Target
from onnxprune.recovery import Effort, Training
from onnxprune.recovery.masks import MaskSetting


@dataclass(frozen=True, slots=True)
class Parameter:
    """kind: of its value, where it has one; default: None where onnxprune chooses"""

    kind: Any
    meaning: str
    default: Any = None


PARAMETERS = {
    "target": Parameter(str, "At most this fraction of macs, params, size or latency stays, such as macs=0.5."),
    "passes": Parameter(list[str], "What may go: NAME or 'NAME{ratio=0.25}'; see 'onnxprune list passes'."),
    "protect": Parameter(list[str], "Globs of weights and nodes to leave whole."),
    "only": Parameter(list[str], "Globs of weights and nodes; nothing else is touched."),
    "criterion": Parameter(str, "How units are scored; see 'onnxprune list criteria'."),
    "aggregate": Parameter(str, "How scores of coupled weights become one: sum, mean, max, min, prod."),
    "budget": Parameter(str, "How removal is shared out; see 'onnxprune list budgets'."),
    "repair": Parameter(str, "What makes up for the units that go; see 'onnxprune list repairs'."),
    "align": Parameter(int, "Widths are multiples of this; 0: what the kernels like.", 0),
    "plan": Parameter(str, "Do again what the plan.json of an earlier report says."),
    "data": Parameter(str, "Real inputs: FILE.npz, .npy or .jsonl, a folder, MODULE:FUNCTION, or random."),
    "samples": Parameter(int, "At most so many samples of the data are used.", 512),
    "preprocess": Parameter(str, "A file that says what becomes of a picture."),
    "labels": Parameter(str, "What the data call their labels, for criteria by gradients."),
    "max_loss": Parameter(float, "The smallest model that loses at most this fraction on the data."),
    "metric": Parameter(str, "MODULE:FUNCTION that tells how good a model is, for max_loss."),
    "search_minutes": Parameter(float, "Look so long for better widths than the budget's."),
    "train_masks": Parameter(str, "Learn what goes by training gates so long: 5m, 90s or a number of steps."),
    "recover": Parameter(str, "Train the result towards the dense model so long: 10m, 90s or a number of steps."),
    "recover_mode": Parameter(str, "What is trained: full, perp or lora.", "full"),
    "recover_rounds": Parameter(int, "Prune in so many steps, each followed by a part of the training.", 1),
    "sparse_format": Parameter(str, "How sparse weights are written: zeros, op or initializer."),
    "provider": Parameter(str, "Where ONNX Runtime computes: cpu, cuda or sparse.", "cpu"),
    "threads": Parameter(int, "Threads of ONNX Runtime.", 1),
    "seed": Parameter(int, "Seed of everything random.", 0),
    "dims": Parameter(dict[str, int], "Lengths of open dimensions, by name or INPUT:AXIS."),
    "verify": Parameter(bool, "Whether the result is proved.", True),
    "bench": Parameter(bool, "Whether latency and fidelity are measured.", True),
    "report": Parameter(str, "A folder for report.json, report.md and plan.json."),
}
"""By the names of the command line's options, with _ for -."""

_TEXTS = "criterion aggregate budget repair labels metric sparse_format".split()
_LISTS = "passes protect only".split()
_SAME = "align samples max_loss search_minutes recover_rounds provider threads seed verify bench".split()


def options(values: Mapping[str, Any]) -> Options:
    """The options that parameters mean. Raises InputError for an unknown one, and for values that make no sense."""
    for name in values:
        if name not in PARAMETERS:
            raise InputError(f"there is no parameter '{name}'")
    given = {name: one.default if values.get(name) is None else values[name] for name, one in PARAMETERS.items()}
    target, recover, masks, seed = (given[name] for name in ("target", "recover", "train_masks", "seed"))
    rest: dict[str, Any] = {name: given[name] or "" for name in _TEXTS}
    rest |= {name: tuple(given[name] or ()) for name in _LISTS} | {name: given[name] for name in _SAME}
    return Options(
        target=Target.parse(target) if target else None,
        plan=_path(given["plan"]),
        preprocess=_path(given["preprocess"]),
        calibration=given["data"],
        data=given["dims"] or {},
        masks=MaskSetting(Effort.parse(masks), seed=seed) if masks else None,
        recover=Training(Effort.parse(recover), given["recover_mode"], seed=seed) if recover else None,
        **rest,
    )


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
