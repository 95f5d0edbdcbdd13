"""Means and second moments of rows that come in blocks, as if they had come at once.

Blocks are centred in their own type, multiplied there and added up in float64; merging follows Chan, Golub and LeVeque
1983, "Algorithms for Computing the Sample Variance", the matrix form of Welford's update.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Array = np.ndarray


class Moments:
    """Mean and variance of every column, and the mean of its absolute values: streams rows [rows, columns].

    magnitudes: whether the latter are wanted, which cost as much as the rest
    """

    def __init__(self, magnitudes: bool = True) -> None:
        self.count = 0
        self._magnitudes = magnitudes
        self.mean: Array = np.zeros(0)
        self.magnitude: Array = np.zeros(0)
        self._scatter: Array = np.zeros(0)

    def update(self, rows: Array) -> None:
        """Take in a block."""
        mean = rows.mean(axis=0, dtype=np.float64)
        centred = rows - mean.astype(rows.dtype)
        scatter = np.einsum("ij,ij->j", centred, centred, dtype=np.float64)
        magnitude = np.abs(rows, out=centred).mean(axis=0, dtype=np.float64) if self._magnitudes else np.zeros(0)
        if not self.count:
            self.mean, self.magnitude, self._scatter = (np.zeros_like(v) for v in (mean, magnitude, scatter))
        shift, total = mean - self.mean, self.count + len(rows)
        self._scatter += scatter + shift**2 * (self.count * len(rows) / total)
        self.mean = self.mean + shift * (len(rows) / total)
        self.magnitude = self.magnitude + (magnitude - self.magnitude) * (len(rows) / total)  # empty: not wanted
        self.count = total

    def state(self) -> dict[str, Array]:
        """Everything that is known, to be kept."""
        return {"n": np.array(self.count), "mean": self.mean, "magnitude": self.magnitude, "scatter": self._scatter}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take on what `state` told once."""
        self.count, self.mean, self.magnitude = int(state["n"]), state["mean"], state["magnitude"]
        self._scatter = state["scatter"]

    @property
    def variance(self) -> Array:
        """Population variance of every column."""
        return self._scatter / max(self.count, 1)

    @property
    def square(self) -> Array:
        """Mean of the squares of every column."""
        return np.asarray(self.variance + self.mean**2)


class CrossMoments:
    """Means of two sets of columns that belong together, and their centred products: streams rows of both.

    covariance [..., b, b] is that of the second set, cross [..., a, b] that between both, each over the number of rows.
    Leading axes are a stack of such pairs, each on its own. Small blocks wait until they are as many rows as columns,
    for merging costs as much as so many rows.
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean_a: Array = np.zeros(0)
        self._mean_b: Array = np.zeros(0)
        self._ab: Array = np.zeros(0)
        self._bb: Array = np.zeros(0)
        self._waiting: list[tuple[Array, Array]] = []

    def update(self, a: Array, b: Array) -> None:
        """Take in a block of rows [..., rows, a] and [..., rows, b]."""
        self._waiting.append((a, b))
        if sum(rows.shape[-2] for _, rows in self._waiting) >= b.shape[-1]:
            self._settle()

    def _settle(self) -> None:
        """Merge what waits."""
        if not self._waiting:
            return
        a, b = (np.concatenate(blocks, axis=-2) for blocks in zip(*self._waiting, strict=True))
        self._waiting.clear()
        mean_a, mean_b = (v.mean(axis=-2, dtype=np.float64) for v in (a, b))
        da, db = a - mean_a[..., None, :].astype(a.dtype), b - mean_b[..., None, :].astype(b.dtype)
        if not self._count:
            self._mean_a, self._mean_b = np.zeros_like(mean_a), np.zeros_like(mean_b)
            self._ab, self._bb = (np.zeros((*v.shape, mean_b.shape[-1])) for v in (mean_a, mean_b))
        rows = b.shape[-2]
        total = self._count + rows
        weight = self._count * rows / total
        shift_a, shift_b = mean_a - self._mean_a, mean_b - self._mean_b
        self._ab += np.swapaxes(da, -1, -2) @ db
        self._bb += np.swapaxes(db, -1, -2) @ db
        if weight:
            self._ab += (shift_a * weight)[..., None] * shift_b[..., None, :]
            self._bb += (shift_b * weight)[..., None] * shift_b[..., None, :]
        self._mean_a = self._mean_a + shift_a * (rows / total)
        self._mean_b = self._mean_b + shift_b * (rows / total)
        self._count = total

    def state(self) -> dict[str, Array]:
        """Everything that is known, to be kept."""
        self._settle()
        return {"n": np.array(self._count), "a": self._mean_a, "b": self._mean_b, "ab": self._ab, "bb": self._bb}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Take on what `state` told once."""
        self._count, self._mean_a, self._mean_b = int(state["n"]), state["a"], state["b"]
        self._ab, self._bb = state["ab"], state["bb"]

    @property
    def mean_a(self) -> Array:
        self._settle()
        return self._mean_a

    @property
    def mean_b(self) -> Array:
        self._settle()
        return self._mean_b

    @property
    def cross(self) -> Array:
        self._settle()
        return self._ab / max(self._count, 1)

    @property
    def covariance(self) -> Array:
        self._settle()
        return self._bb / max(self._count, 1)
