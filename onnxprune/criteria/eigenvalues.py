"""Eigenvalues of a Gram matrix once rows or columns are gone, for many choices of what goes at once."""

from __future__ import annotations

import numpy as np

Array = np.ndarray

BISECTIONS = 8
"""For the lowest eigenvalue, whose neighbour below is 0."""


def without(values: Array, weights: Array, count: int, wide: bool) -> Array:
    """The eigenvalues that are left for every choice: [choices, n], or [choices, n - count] where it is wide.

    values: the eigenvalues [n], rising; wide: whether the Gram matrix is that of the rows, of which `count` go, else it
    is that of the columns; weights: squares of the eigenvectors at the rows that go, or of these rows along them. One
    row is followed closely, several to first order.
    """
    if count == 1:
        return _between(values, weights, 0.0) if wide else _downdated(values, weights)
    rest = np.maximum(values - weights * (values if wide else 1), 0)
    return np.asarray(np.sort(rest, axis=1)[:, count:]) if wide else rest


def _downdated(values: Array, weights: Array) -> Array:
    """Of G - w w': the roots of sum weights / (values - root) = 1, one below every value; the lowest by bisection."""
    low, high = np.zeros(len(weights)), np.full(len(weights), values[0])
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        gaps = np.maximum(values - middle[:, None], np.finfo(float).tiny)
        above = (weights / gaps).sum(axis=1) > 1
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.concatenate([high[:, None], _between(values, weights, 1.0)], axis=1)


def _between(values: Array, weights: Array, level: float) -> Array:
    """The roots of sum weights / (values - root) = level between neighbouring values: [choices, n - 1].

    Both neighbours count exactly, all others as they are in the middle between (Golub 1973, "Some Modified Matrix
    Eigenvalue Problems"): so the sums over others are one matrix product, and a root is that of a parabola.
    """
    low, gaps = values[:-1], np.diff(values)
    apart = values[:, None] - (low + gaps / 2)
    near = np.abs(np.arange(len(values))[:, None] - np.arange(len(low)) - 0.5) < 1
    inverse = np.divide(1, apart, out=np.zeros_like(apart), where=~near & (apart != 0))
    far = weights @ inverse - level
    below, above = weights[:, :-1], weights[:, 1:]
    slope = below + above + far * gaps
    root = np.sqrt(np.maximum(slope**2 - 4 * far * below * gaps, 0))
    rising, zero = slope + root > 0, np.zeros_like(root)
    up = np.divide(2 * below * gaps, slope + root, out=zero.copy(), where=rising & (slope >= 0))
    down = np.divide(slope - root, 2 * far, out=zero, where=slope < 0)  # where others are negative
    return np.asarray(low + np.clip(up + down, 0, gaps))
