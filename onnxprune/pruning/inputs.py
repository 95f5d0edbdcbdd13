"""Inputs of a model: the user's data, or made-up ones where there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from onnxprune.calibration import MADE_UP, Data, open_data
from onnxprune.calibration.batch import open_batches, settled
from onnxprune.calibration.cutting import BATCH
from onnxprune.errors import InputError
from onnxprune.graph import index_bounds, load
from onnxprune.progress import Progress
from onnxprune.recovery import invent
from onnxprune.runtime import Feeds, InputSpec, PlainFile, input_specs, runnable_inputs, session
from onnxprune.runtime.run import run

MADE_UP_CALLS = 32
"""Calls, where nobody gave any, to see what a model does."""

MADE_UP_OF = "made_up"
"""What a plan calls the number of samples that were made up, those held out included."""

TO_TRAIN = 256
"""Random calls to train on, where nothing better can be made up."""

UNVERIFIED = "the data are made up: how good the result is on real ones is not known"


@dataclass(frozen=True, slots=True)
class Inputs:
    """data: as `onnxprune.calibration.open_data` takes them, None: made-up ones; samples: at most so many; preprocess:
    what becomes of pictures; dims: sizes of open dimensions; plan: of the pruning, which says what became of the dense
    model; labels: what should come out, as the data name it, or empty"""

    data: str | None = None
    samples: int = 16384
    preprocess: Path | None = None
    dims: dict[str, int] = field(default_factory=dict)
    plan: Path | None = None
    labels: str = ""


def open_inputs(dense: Path, inputs: Inputs, seed: int) -> Data:
    """Data for a model file. Raises InputError where they can't be read or don't suit the model."""
    specs, bounds = input_specs(session(dense)), dict(index_bounds(load(dense).graph))
    text, dims = inputs.data or MADE_UP, inputs.dims or None
    like = _like(dense, specs, inputs, seed) if text == MADE_UP else None
    how = {"samples": inputs.samples, "preprocess": inputs.preprocess, "labels": inputs.labels}
    how["together"] = _together(dense, settled(specs, dims), like) if like is not None else 1
    return open_data(text, specs, dims=dims, seed=seed, bounds=bounds, like=like, **how)  # type: ignore[arg-type]


def _together(dense: Path, specs: Sequence[InputSpec], like: Feeds) -> int:
    """How many samples a call may hold that is made up: one where the model doesn't run on several, which many files
    don't though they say so."""
    axes = open_batches(specs)
    if not specs or len(axes) < len(specs) or any(like[name].shape[axis] != 1 for name, axis in axes.items()):
        return 1
    try:
        run(session(dense), {name: np.repeat(like[name], BATCH, axis) for name, axis in axes.items()})
    except InputError:
        return 1
    return BATCH


def imagined(file: PlainFile, inputs: Inputs, seed: int, tell: Progress) -> Data:
    """Inputs to train on that nobody gave: by stored statistics where a model has them, else random ones."""
    specs = input_specs(session(file.path))
    axes = open_batches(settled(specs, inputs.dims))
    found = invent(file.load(), _like(file.path, specs, inputs, seed), axes, seed, tell)
    return found or open_inputs(file.path, Inputs(None, TO_TRAIN, dims=inputs.dims), seed)


def _like(dense: Path, specs: list[InputSpec], inputs: Inputs, seed: int) -> Feeds:
    """Random inputs that the model runs on."""
    bounds = dict(index_bounds(load(dense).graph))
    return runnable_inputs(session(dense), specs=specs, seed=seed, dims=inputs.dims or None, bounds=bounds)
