"""Trained models: what they get right, and data to calibrate them on."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from models.recipe import Array, Feeds, Recipe, Run
from onnxprune.cache import cache_folder
from onnxprune.runtime import session
from onnxprune.runtime.run import run

SAMPLES = 512
MOST_CALLS = 256


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
