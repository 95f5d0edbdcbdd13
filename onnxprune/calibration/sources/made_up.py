"""`random`: calls that are made up."""

from __future__ import annotations

import hashlib

from onnxprune.calibration.batch import samples_in
from onnxprune.calibration.registry import Found, Request, source
from onnxprune.runtime import Array, random_inputs

_STRIDE = 1_000_003
"""Between the seeds of two runs, so that one run's calls aren't the next one's, moved by one."""


@source("random", lambda text: text == "random")
def made_up(request: Request) -> Found:
    """Draws as `random_inputs` makes them, the first of them with the seed itself."""

    def make(index: int) -> dict[str, Array]:
        seed = request.seed * _STRIDE + index
        return random_inputs(request.declared, seed=seed, dims=request.dims, bounds=request.bounds)

    samples = samples_in(make(0), request.specs)
    count = max(request.samples // samples, 1)
    recipe = [request.seed, count, list(request.declared), sorted(request.dims.items()), request.bounds]
    digest = hashlib.sha256(repr(recipe).encode()).hexdigest()
    return Found(count, make, lambda index: f"random, call {index}", digest, (samples,) * count, synthetic=True)
