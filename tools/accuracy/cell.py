"""One cell: a model pruned in one way to one size, and what it still gets right."""

from __future__ import annotations

from models.recipe import Recipe
from onnxprune.calibration import MADE_UP
from onnxprune.pruning import Options, Target
from onnxprune.recovery import Effort
from onnxprune.recovery.masks import MaskSetting
from tools.accuracy.columns import Column
from tools.cells import pruned
from tools.results import Row
from tools.trained import SAMPLES, calibration


def measured(recipe: Recipe, column: Column, fraction: float, seed: int, dense: float) -> Row:
    """The score of a pruned model, as it is and as a share of the dense one's, and how long pruning took (s).

    fraction: of the multiply-accumulates that may stay
    """
    options = Options(
        target=Target("macs", fraction),
        criterion=column.criterion,
        budget=column.budget,
        repair=column.repair,
        calibration=_given(recipe, column, seed),
        made_up=column.data == "unsaid",
        samples=SAMPLES,
        masks=MaskSetting(Effort(steps=column.masks), seed=seed) if column.masks else None,
        seed=seed,
        verify=False,
        bench=False,
    )
    return pruned(recipe, options, dense, lambda result: {"macs": result.fraction})


def _given(recipe: Recipe, column: Column, seed: int) -> str | None:
    """What stands behind `--data`."""
    return {"real": str(calibration(recipe, seed)), "random": MADE_UP, "none": None, "unsaid": None}[column.data]
