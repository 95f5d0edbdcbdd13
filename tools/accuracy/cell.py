"""One cell: a model pruned in one way to one size, and what it still gets right."""

from __future__ import annotations

import math
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from models.recipe import Array, Feeds, Recipe, Run
from onnxprune.cache import cache_folder
from onnxprune.calibration import MADE_UP
from onnxprune.errors import OnnxpruneError
from onnxprune.pruning import Options, Target, optimize
from onnxprune.recovery import Effort
from onnxprune.recovery.masks import MaskSetting
from onnxprune.runtime import session
from onnxprune.runtime.run import run
from tools.accuracy.columns import Column
from tools.results import Row

SAMPLES = 512
MOST_CALLS = 256


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
        samples=SAMPLES,
        masks=MaskSetting(Effort(steps=column.masks), seed=seed) if column.masks else None,
        seed=seed,
        verify=False,
        bench=False,
    )
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        try:
            result = optimize(recipe.obtain(), Path(folder) / "pruned.onnx", options)
        except OnnxpruneError as reason:
            return {"failed": str(reason)}
        seconds = time.perf_counter() - start
        found = score(recipe, result.output)
    return {"macs": result.fraction, "score": found, "kept": found / dense, "seconds": seconds}


def _given(recipe: Recipe, column: Column, seed: int) -> str | None:
    """What stands behind `--data`."""
    return {"real": str(calibration(recipe, seed)), "random": MADE_UP, "none": None}[column.data]


def score(recipe: Recipe, model: Path) -> float:
    """What the recipe says of a model, over as many samples as its gate asks for."""
    return recipe.score(runner(model), recipe.gate.samples)


def runner(model: Path) -> Run:
    """A model as recipes want it."""
    opened = session(model)
    names = [output.name for output in opened.get_outputs()]

    def call(feeds: Feeds) -> list[Array]:
        made = run(opened, feeds)
        return [made[name] for name in names]

    return call


def calibration(recipe: Recipe, seed: int) -> Path:
    """A folder with a file for every call, made at first use."""
    folder = cache_folder() / "accuracy" / recipe.name / f"seed{seed}"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        first = recipe.inputs(1, seed)[0]
        rows = max((values.shape[0] for values in first.values() if values.ndim), default=1)
        count = min(math.ceil(SAMPLES / max(rows, 1)), MOST_CALLS)
        for number, feeds in enumerate(recipe.inputs(count, seed)):
            named: dict[str, Any] = dict(feeds)
            np.savez(folder / f"{number:04}.npz", **named)
        (folder / "done").touch()
    return folder
