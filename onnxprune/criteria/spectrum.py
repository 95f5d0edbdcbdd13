"""Spectrum: what stays of a matrix should stretch space as the whole one does.

Units go in rounds, those first whose removal keeps the singular values closest to the full matrix's. What the removal
of one does to them is predicted from an eigendecomposition that is made anew in every round.
"""

from __future__ import annotations

import math

import numpy as np

from onnxprune.calibration import Layer
from onnxprune.coupling import Group
from onnxprune.criteria.eigenvalues import without
from onnxprune.criteria.magnitude import l2
from onnxprune.criteria.registry import Context, criterion
from onnxprune.criteria.units import finite

Array = np.ndarray

ROUNDS = 32
"""In how many rounds the units of a group go, at the most."""

SAME = 1e-6
"""Singular values that are this close, over the largest, count as equal."""


@criterion("spectral_ks")
def spectral_ks(context: Context, group: Group) -> Array:
    """Distance of the singular values without a unit from those with all (Sengupta et al. 2025, PruneNet's reward).

    The Kolmogorov-Smirnov statistic between both sets of singular values of the matrix that makes the units, averaged
    where there are several. PruneNet trains a policy to choose rows; here they go greedily, so that a unit's score is
    the distance once it and all with lower scores are gone. Equal ones go by the mean difference.
    """
    matrices = [one for layer, labels in context.makers(group) for one in _matrices(layer, labels)]
    if not matrices:
        return l2(context, group)
    scores, left, highest = np.zeros(group.size), np.arange(group.size), 0.0
    share = math.ceil(group.size / ROUNDS)
    while len(left):
        found = np.mean([matrix.without_each(left) for matrix in matrices], axis=0)
        order = np.lexsort((found[1].round(9), found[0].round(9)))[:share]
        for at in order:
            scores[left[at]] = highest = max(float(found[0, at]), float(np.nextafter(highest, np.inf)))
        for matrix in matrices:
            matrix.remove(left[order])
        left = np.delete(left, order)
    return scores


class _Matrix:
    """The rows [rows, columns] that make units, while units go. labels: the unit of every row, -1: it stays anyway."""

    def __init__(self, rows: Array, labels: Array) -> None:
        self.rows = rows
        self.labels = labels
        self.full = np.sqrt(np.maximum(np.linalg.eigvalsh(_gram(rows)), 0))

    def remove(self, units: Array) -> None:
        stay = ~np.isin(self.labels, units)
        self.rows, self.labels = self.rows[stay], self.labels[stay]

    def without_each(self, units: Array) -> Array:
        """Without one of the units: the largest and the mean difference of the distributions: [2, units]."""
        values, vectors = np.linalg.eigh(_gram(self.rows))
        wide = len(self.rows) <= self.rows.shape[1]
        weights = (vectors if wide else self.rows @ vectors.astype(self.rows.dtype)) ** 2
        mine = np.flatnonzero(np.isin(self.labels, units))
        place = np.searchsorted(units, self.labels[mine])
        counts = np.bincount(place, minlength=len(units))
        total = np.zeros((len(units), len(values)))
        for _ in range(counts.max(initial=0)):  # one row of every unit after the other
            first, at = np.unique(place, return_index=True)
            total[first] += weights[mine[at]]
            mine, place = np.delete(mine, at), np.delete(place, at)
        found = np.zeros((2, len(units)))
        for count in np.unique(counts):
            same = counts == count
            after = without(np.maximum(values, 0), total[same], int(count), wide)
            gone = 0 if wide else max(int(count) - len(self.rows) + len(values), 0)
            found[:, same] = differences(self.full, np.sqrt(np.sort(after, axis=1)[:, gone:]))
        return found


def differences(full: Array, rest: Array) -> Array:
    """Between the distributions of sorted values [n] and of every row of sorted values [rows, m]: [2, rows].

    The largest difference, which is the Kolmogorov-Smirnov statistic, and the mean one at the values of a row.
    """
    count = rest.shape[1]
    if not count:
        return np.ones((2, len(rest)))
    slack = SAME * max(float(full[-1]), 1e-30)
    over = np.arange(1, count + 1) / count - np.searchsorted(full, rest + slack, "right") / len(full)
    under = np.searchsorted(full, rest - slack, "left") / len(full) - np.arange(count) / count
    return np.stack([np.maximum(over.max(axis=1), under.max(axis=1)), np.abs(over - under).mean(axis=1) / 2])


def _gram(rows: Array) -> Array:
    """Of the rows or the columns, whichever are fewer."""
    found = rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows
    return np.asarray(found, np.float64)


def _matrices(layer: Layer, labels: Array) -> list[_Matrix]:
    """One for every group of a convolution; none where a group has one output."""
    parts = finite(layer.weight())  # [groups, outputs, columns, taps]
    groups, outputs = parts.shape[:2]
    if outputs < 2:
        return []
    return [
        _Matrix(part.reshape(outputs, -1), own) for part, own in zip(parts, labels.reshape(groups, -1), strict=True)
    ]
