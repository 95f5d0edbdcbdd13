"""`random`: calls that are made up."""

from __future__ import annotations

import hashlib

import numpy as np

from onnxprune.calibration.batch import open_batches, samples_in
from onnxprune.calibration.registry import Found, Request, source
from onnxprune.runtime import Array, random_inputs

_STRIDE = 1_000_003
"""Between the seeds of two runs, so that one run's calls aren't the next one's, moved by one."""


@source("random", lambda text: text == "random")
def made_up(request: Request) -> Found:
    """Draws as `random_inputs` makes them, the first of them with the seed itself; several in a call where they may."""

    def draw(index: int) -> dict[str, Array]:
        seed = request.seed * _STRIDE + index
        return random_inputs(request.declared, seed=seed, dims=request.dims, bounds=request.bounds)

    axes, samples = open_batches(request.specs), samples_in(draw(0), request.specs)
    draws = max(request.samples // samples, 1)
    width = request.together if len(axes) == len(request.specs) else 1
    calls = [range(start, min(start + width, draws)) for start in range(0, draws, width)]

    def make(index: int) -> dict[str, Array]:
        made = [draw(number) for number in calls[index]]
        if width == 1:
            return made[0]
        return {name: np.concatenate([one[name] for one in made], axis) for name, axis in axes.items()}

    recipe = [request.seed, draws, width, list(request.declared), sorted(request.dims.items()), request.bounds]
    digest = hashlib.sha256(repr(recipe).encode()).hexdigest()
    rows = tuple(samples * len(call) for call in calls)
    return Found(len(calls), make, lambda index: f"random, call {index}", digest, rows, synthetic=True)
