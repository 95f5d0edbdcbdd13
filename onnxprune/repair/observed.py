"""What a narrow layer makes, beside what it made when it was dense: moments of the difference and the input."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from onnxprune.calibration import CrossMoments, Layer, columns, count_positions, outputs
from onnxprune.coupling.masks import Keep
from onnxprune.coupling.terms import Term

Array = np.ndarray

LEAST_ROWS, ROWS_PER_COLUMN, MOST_ROWS = 4096, 8, 2**15
"""Least squares over few rows per column fit the noise of the sample; more than that cost time."""


class Observed:
    """Moments of one narrow layer: of (dense output - its output, columns read), stacked for the groups of channels.

    stored: the name of its weight; weight: [groups, outputs, units, taps]

    What it makes itself is linear in the columns, so its part of the moments follows from theirs, once for all calls.
    """

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.stored = layer.stored.name
        self.weight = np.asarray(layer.weight(), np.float32)
        self._moments = CrossMoments()
        self._rows = self.weight.reshape(*self.weight.shape[:2], -1).astype(np.float64)
        self._bias = layer.bias.astype(np.float32).reshape(layer.groups, -1)

    def update(self, made: Array, shape: Sequence[int], data: Array, at: Array) -> None:
        """Take in one call: the dense output at some positions [positions, groups, outputs] of an output of `shape`,
        and what the layer reads, whole."""
        read = columns(self.layer, data, shape, at)
        rows = read.reshape(len(at), self.layer.groups, -1).swapaxes(0, 1).astype(np.float32, copy=False)
        self._moments.update((made - self._bias).swapaxes(0, 1), rows)

    @property
    def read(self) -> Array:
        """The mean of the columns [groups, columns]."""
        return self._moments.mean_b

    @property
    def covariance(self) -> Array:
        """Of the columns [groups, columns, columns]."""
        return self._moments.covariance

    @property
    def missing(self) -> Array:
        """The mean of what is missing [groups, outputs]."""
        return np.asarray(self._moments.mean_a - (self._rows @ self.read[..., None])[..., 0])

    @property
    def cross(self) -> Array:
        """The covariance of what is missing with the columns [groups, outputs, columns]."""
        return np.asarray(self._moments.cross - self._rows @ self.covariance)


def rows_of(layer: Layer, calls: int) -> int:
    """Positions of one call, so that all calls together have as many as least squares need."""
    width = int(np.prod(layer.weight().shape[2:]))
    wanted = min(max(LEAST_ROWS, ROWS_PER_COLUMN * width), MOST_ROWS)
    return max(math.ceil(wanted / max(calls, 1)), 1)


def sampled(layer: Layer, shape: Sequence[int], rows: int, seed: int) -> Array:
    """At most `rows` positions of an output, drawn by seed."""
    count = count_positions(layer, shape)
    return np.sort(np.random.default_rng(seed).choice(count, rows, replace=False)) if rows < count else np.arange(count)


def made_at(layer: Layer, made: Array, at: Array) -> Array:
    """The outputs at positions: [positions, groups, outputs]."""
    return outputs(layer, made, at).astype(np.float32, copy=False)


def narrowed(values: Array, axes: Sequence[Term] | None, keep: Keep) -> Array:
    """The entries of a dense tensor that the pruned one has."""
    for axis, term in enumerate(axes or ()):
        if keep.touches(term):
            values = np.take(values, keep.indices(term), axis)
    return values
