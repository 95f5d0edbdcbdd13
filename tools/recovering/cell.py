"""One cell: a model pruned in one way, trained for some minutes, and what it gets right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from models.recipe import Recipe
from onnxprune.cache import cache_folder
from onnxprune.errors import OnnxpruneError
from onnxprune.graph import all_stored, load, save
from onnxprune.lift import lift
from onnxprune.pruning import Inputs, Options, Target, optimize, recover
from onnxprune.recovery import Effort, Training
from tools.page import machine
from tools.results import Row
from tools.trained import calibration, score

WAYS = {
    "repaired": "pruned and repaired by default, then trained",
    "unrepaired": "pruned by default but not repaired, then trained",
    "scratch": "the repaired model's matrices shuffled, so that only its shape is left, then trained",
}

NONE = "0"
"""No training."""

SAMPLES = 16384
MOST_BYTES = 2**30
"""Of data to train on."""


@dataclass(frozen=True, slots=True)
class Cell:
    """macs: the fraction that may stay; way: one of `WAYS`; effort: how much training, `4m` or `300` steps, `0`: none;
    criterion: empty: default"""

    model: str
    macs: float
    way: str
    effort: str
    criterion: str = ""

    @property
    def name(self) -> str:
        name = f"{self.model} | {self.macs:g} | {self.way} | {self.effort}"
        return f"{name} | {self.criterion}" if self.criterion else name


def measured(recipe: Recipe, cell: Cell, dense: float) -> Row:
    """The score of the trained model, as it is and as a share of the dense one's; loss: on data held out."""
    with TemporaryDirectory(prefix="onnxprune-") as folder:
        try:
            file, steps, losses = _made(recipe, cell, Path(folder))
        except OnnxpruneError as reason:
            return {"failed": str(reason)}
        found = score(recipe, file)
    return {
        "score": found,
        "kept": found / dense,
        "steps": steps,
        "losses": losses,
        "machine": machine().splitlines()[0],
    }


def _made(recipe: Recipe, cell: Cell, folder: Path) -> tuple[Path, int, list[float]]:
    """The file, the steps of training, and the losses before and after."""
    pruned, plan = folder / "pruned.onnx", folder / "plan.json"
    repair = "none" if cell.way == "unrepaired" else ""
    data = str(calibration(recipe, 0))
    options = Options(
        Target("macs", cell.macs), criterion=cell.criterion, calibration=data, repair=repair, verify=False, bench=False
    )
    result = optimize(recipe.obtain(), pruned, options)
    plan.write_text(result.plan.to_json(), encoding="utf-8")
    if cell.effort == NONE:
        return pruned, 0, []
    if cell.way == "scratch":
        _shuffle(pruned)
    setting, inputs = Training(Effort.parse(cell.effort)), Inputs(str(training(recipe)), SAMPLES, plan=plan)
    found = recover(recipe.obtain(), pruned, folder / "trained.onnx", setting, inputs)
    curve = found.outcome
    return folder / "trained.onnx", curve.steps, [curve.before.loss, curve.after.loss]


def _shuffle(file: Path) -> None:
    """Put the numbers of every learned matrix in another order."""
    model, random = load(file), np.random.default_rng(0)
    learned = {name for name, parameter in lift(model).named_parameters() if parameter.dim() > 1}
    for tensor in all_stored(model):
        if tensor.name in learned:
            tensor.values = random.permutation(np.array(tensor.values).ravel()).reshape(tensor.shape)
    save(model, file)


def training(recipe: Recipe) -> Path:
    """A folder with a file for every call to train on, made at first use."""
    folder = cache_folder() / "accuracy" / recipe.name / "training"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        first = recipe.inputs(1, 1)[0]
        rows = max((values.shape[0] for values in first.values() if values.ndim), default=1)
        count = min(math.ceil(SAMPLES / max(rows, 1)), MOST_BYTES // max(sum(v.nbytes for v in first.values()), 1))
        for number, feeds in enumerate(recipe.inputs(count, 1)):
            named: dict[str, Any] = dict(feeds)
            np.savez(folder / f"{number:05}.npz", **named)
        (folder / "done").touch()
    return folder
