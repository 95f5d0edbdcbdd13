"""Statistics of what linear layers read, over data."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from onnxprune.calibration.layer import Layer, layers
from onnxprune.calibration.moments import CrossMoments, Moments
from onnxprune.calibration.part import part_of
from onnxprune.calibration.portions import portions
from onnxprune.coupling import Analysis
from onnxprune.graph import Model
from onnxprune.progress import Progress, Steps, silent
from onnxprune.runtime import Feeds

Array = np.ndarray
Source = Callable[[], Model]
"""Makes a fresh, normalised model."""

Place = tuple[str, int]
"""A tensor's name and its axis of units."""

ROWS_PER_COLUMN = 8
LEAST_ROWS = 8192

SAMPLE = 1024
"""Positions of a tensor that are held as they are, where somebody wants them."""

BYTES = 2**28
"""Of moments that are collected at once, and about as many of activations."""


@dataclass(slots=True)
class Activation:
    """What is known of one tensor along its axis of units, over all other axes and all data.

    mean, variance, square, magnitude: [units], of all entries, square being the mean of the squares, magnitude that
    of absolute values, or empty; covariance: [units, units], of a sample of positions; sample: [positions, units], some
    of them
    """

    moments: Moments = field(default_factory=Moments)
    pairs: CrossMoments = field(default_factory=CrossMoments)
    held: list[Array] = field(default_factory=list)

    @property
    def mean(self) -> Array:
        return self.moments.mean

    @property
    def variance(self) -> Array:
        return self.moments.variance

    @property
    def square(self) -> Array:
        return self.moments.square

    @property
    def magnitude(self) -> Array:
        return self.moments.magnitude

    @property
    def covariance(self) -> Array:
        return self.pairs.covariance

    @property
    def sample(self) -> Array:
        return np.concatenate(self.held)

    def state(self) -> dict[str, Array]:
        """Everything that is known, to be kept."""
        parts = {"moments": self.moments.state(), "pairs": self.pairs.state()}
        flat = {f"{part}.{name}": values for part, state in parts.items() for name, values in state.items()}
        return flat | ({"held": self.sample} if self.held else {})

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take on what `state` told once."""
        self.moments.restore({name: state[f"moments.{name}"] for name in self.moments.state()})
        self.pairs.restore({name: state[f"pairs.{name}"] for name in self.pairs.state()})
        self.held = [state["held"]] if "held" in state else []

    def update(self, values: Array, axis: int, rows: int, random: np.random.Generator, held: int = 0) -> None:
        """Take in one call; at most `rows` positions go into the covariance, and `held` into the sample."""
        flat = np.moveaxis(values, axis, -1).reshape(-1, values.shape[axis]).astype(np.float32, copy=False)
        self.moments.update(flat)
        if rows:
            chosen = _some(flat, rows, random)
            self.pairs.update(chosen[:, :0], chosen)
        if held:
            self.held.append(np.array(_some(flat, held, random)))


def _some(rows: Array, count: int, random: np.random.Generator) -> Array:
    return rows if count >= len(rows) else rows[random.choice(len(rows), count, replace=False)]


class Activations:
    """Statistics of what every linear layer of a model reads. read: where, by the name of the layer"""

    def __init__(self, found: dict[Place, Activation], read: dict[str, Place]) -> None:
        self.found = found
        self.read = read

    def __getitem__(self, layer: Layer) -> Activation:
        return self.found[self.read[layer.name]]

    def __contains__(self, layer: Layer) -> bool:
        return layer.name in self.read


def collect(
    source: Source,
    analysis: Analysis,
    data: Sequence[Feeds],
    *,
    pairs: bool,
    sample: bool = False,
    magnitudes: bool = True,
    threads: int = 0,
    progress: Progress = silent,
) -> Activations:
    """Run a model over data, as often as memory asks for.

    analysis: of the same model; pairs, sample, magnitudes: whether covariances, positions as they are, and means of
    absolute values are wanted. Raises InputError where it can't be run.
    """
    chosen = layers(analysis)
    read = {layer.name: (layer.data.name, layer.axis) for layer in chosen}
    sizes = {read[layer.name]: layer.units.size or 0 for layer in chosen}
    found = {key: Activation(Moments(magnitudes)) for key in sizes}
    held = math.ceil(SAMPLE / max(len(data), 1)) if sample else 0
    needed = {key: 8 * size * (size if pairs else 1) for key, size in sizes.items()}
    parts = list(portions(needed, BYTES))
    step = Steps(progress, "collecting what layers read", len(parts) * len(data))
    for keys in parts:
        part = part_of(source(), [name for name, _ in keys], threads, len(data))
        random = np.random.default_rng(0)
        for values in step.each(part.each(data)):
            for name, axis in keys:
                wanted = max(LEAST_ROWS, ROWS_PER_COLUMN * sizes[name, axis]) if pairs else 0
                rows = math.ceil(wanted / max(len(data), 1))
                found[name, axis].update(values[name], axis, rows, random, held)
    return Activations(found, read)
