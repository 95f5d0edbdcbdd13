"""The sub-array that stays, with as little copying as possible."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import permutations

import numpy as np

CHUNK = 16
"""Bytes whose copying costs about as much as starting a new run of them."""


def compress(values: np.ndarray, axes: Mapping[int, np.ndarray]) -> np.ndarray:
    """The sub-array of `values` with the given indices along each axis, in row-major layout.

    A run of neighbours is a view, the others are taken in the order that moves least. What is only cut short along
    its first axis is not copied at all.
    """
    scattered: dict[int, np.ndarray] = {}
    for axis, index in axes.items():
        run = _run(index)
        if run is None:
            scattered[axis] = index
        else:
            values = values[(slice(None),) * axis + (run,)]
    for axis in cheapest(values.shape, values.itemsize, {a: len(i) for a, i in scattered.items()}):
        values = np.take(values, scattered[axis], axis)
    return np.ascontiguousarray(values)


def _run(index: np.ndarray) -> slice | None:
    """The indices as a slice where they are neighbours."""
    if not len(index):
        return slice(0, 0)
    first, last = int(index[0]), int(index[-1])
    return slice(first, last + 1) if last - first + 1 == len(index) and (np.diff(index) == 1).all() else None


def cheapest(shape: tuple[int, ...], itemsize: int, kept: Mapping[int, int]) -> tuple[int, ...]:
    """The order in which to cut axes to `kept` indices: rows are cheap, single elements dear, the rest is volume."""
    return min(permutations(sorted(kept)), key=lambda order: _cost(shape, itemsize, kept, order))


def _cost(shape: tuple[int, ...], itemsize: int, kept: Mapping[int, int], order: tuple[int, ...]) -> float:
    sizes = list(shape)
    cost = 0.0
    for axis in order:
        sizes[axis] = kept[axis]
        runs = math.prod(sizes[: axis + 1])
        cost += runs * CHUNK + math.prod(sizes) * itemsize
    return cost
