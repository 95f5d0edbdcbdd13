"""Optimal brain: what removing units costs when those that stay take over as much of their work as they can.

Units go one after the other (many at a time in wide groups), the cheapest first, each judged by what has been made up
for by then. The scores are the rises of the error in that order: their sum over what went is what all of it costs.
"""

from __future__ import annotations

import math

import numpy as np

from onnxprune.calibration import Activation, Layer
from onnxprune.coupling import Group
from onnxprune.criteria.grams import grams
from onnxprune.criteria.magnitude import l2
from onnxprune.criteria.registry import Context, Needs, criterion
from onnxprune.criteria.units import sum_of_squares

Array = np.ndarray

DAMPING = 0.01
"""Of the mean variance, added to every variance (as SparseGPT's and ZipLM's)."""

RECURRENT = frozenset({"LSTM", "GRU", "RNN"})

GONE = -2
"""The label of columns that went; -1 is that of columns that no unit has."""

ROUNDS = 64
"""In how many rounds the units of a group go, at the most; half as many in groups wider than `WIDE`."""

WIDE = 512


@criterion("obs", Needs.COVARIANCES, losses=True)
def obs(context: Context, group: Group) -> Array:
    """Error of the layers behind a unit once least squares made up for it (Kurtic et al. 2023, ZipLM's saliency).

    For the columns S of a unit: trace(W_S (C^-1)_SS^-1 W_S'), C being the covariance of what a layer reads (its mean
    goes into the bias), over the variance of what the layer makes; summed over layers. W and C^-1 are those after the
    units with lower scores went.
    """
    layers = [one for found in context.readers(group) for one in _states(*found)]
    if not layers:
        return energy(context, group)
    scores, left, highest = np.zeros(group.size), np.arange(group.size), 0.0
    share = math.ceil(group.size / (ROUNDS if group.size <= WIDE else ROUNDS // 2))
    while len(left):
        errors = np.sum([state.errors(group.size) for state in layers], axis=0)[left]
        order = np.argsort(errors, kind="stable")[:share]
        gone = left[order]
        scores[gone] = np.maximum(errors[order], highest)
        highest = float(scores[gone].max())
        left = np.delete(left, order)
        for state in layers if len(left) else ():
            state.remove(gone)
    return np.asarray(scores + _recurring(context, group))


def _recurring(context: Context, group: Group) -> Array:
    """What a recurrent node reads of its own units, as their share of the squares of the weights there: [units].

    No layer says how much of that the other units can take over, so it counts as for inputs that are alike and
    independent.
    """
    total = np.zeros(group.size)
    for site, squares in context.statistics.units(group, sum_of_squares):
        if any(node.op in RECURRENT for node in site.tensor.outputs):
            total += squares
    return np.asarray(total / max(float(total.sum()), np.finfo(float).tiny))


def energy(context: Context, group: Group) -> Array:
    """The share of the weights' squares that is a unit's: what goes missing where inputs are alike and independent.

    For groups that no linear layer reads, so that their scores compare with errors.
    """
    squares = l2(context, group) ** 2
    return squares / max(float(squares.sum()), np.finfo(float).tiny)


class _State:
    """One layer, or one group of a grouped convolution, while units go.

    gram: [columns, columns] of the weight, in units of the variance of what the layer makes; inverse: of the
    covariance; labels: the unit of every column, -1 for those that stay anyway
    """

    def __init__(self, gram: Array, covariance: Array, labels: Array) -> None:
        level = float(np.trace(covariance)) / max(len(covariance), 1)
        self.gram = gram
        self.inverse = np.linalg.inv(covariance + np.eye(len(covariance)) * max(DAMPING * level, 1e-12))
        self.labels = np.array(labels)

    def errors(self, size: int) -> Array:
        """What removing each unit costs by now: [size], 0 where there is none of it."""
        found, mine = np.zeros(size), np.flatnonzero(self.labels >= 0)
        if len(mine) == len(np.unique(self.labels[mine])):
            found[self.labels[mine]] = np.diag(self.gram)[mine] / np.diag(self.inverse)[mine]
            return found
        for unit in np.unique(self.labels[mine]):
            block = np.ix_(*[np.flatnonzero(self.labels == unit)] * 2)
            found[unit] = float(np.trace(np.linalg.solve(self.inverse[block], self.gram[block])))
        return found

    def remove(self, units: Array) -> None:
        """Let the other columns take over what those of some units did."""
        gone = np.flatnonzero(np.isin(self.labels, units))
        if not gone.size:
            return
        taken = np.linalg.solve(self.inverse[np.ix_(gone, gone)], self.inverse[gone])
        self.inverse -= self.inverse[:, gone] @ taken
        cross = (self.gram[:, gone] - taken.T @ (self.gram[np.ix_(gone, gone)] / 2)) @ taken
        self.gram -= cross
        self.gram -= cross.T
        self.labels[gone] = GONE
        left = np.flatnonzero(self.labels != GONE)
        if 2 * len(left) <= len(self.labels):  # what is left moves together: copies cost as much as the sums
            self.gram, self.inverse = (np.ascontiguousarray(v[np.ix_(left, left)]) for v in (self.gram, self.inverse))
            self.labels = self.labels[left]


class _Alone:
    """Columns that nothing can take over for: those of a depthwise convolution, one for each of its groups.

    costs: of every column, in units of the variance of what the layer makes; labels: the unit of every column
    """

    def __init__(self, grams: Array, variances: Array, labels: Array) -> None:
        made = max(float(grams @ variances), 1e-30)
        self.costs = grams * np.maximum(variances * (1 + DAMPING), 1e-12) / made
        self.labels = labels

    def errors(self, size: int) -> Array:
        """What removing each unit costs by now: [size], 0 where there is none of it."""
        chosen = self.labels >= 0
        return np.bincount(self.labels[chosen], self.costs[chosen], size)

    def remove(self, units: Array) -> None:
        """The others stay as they are."""
        stay = ~np.isin(self.labels, units)
        self.costs, self.labels = self.costs[stay], self.labels[stay]


def _states(layer: Layer, labels: Array, seen: Activation) -> list[_State] | list[_Alone]:
    weight = np.asarray(layer.weight(), np.float64)
    if layer.groups > 1 and weight.shape[2] == 1:
        return [_Alone(np.square(weight).sum(axis=(1, 2, 3)), np.diag(seen.covariance), labels)]
    parts = list(grams(layer, seen))
    made = max(sum(part.made for part in parts), 1e-30)
    return [_State(part.gram / made, part.covariance, labels[part.at]) for part in parts]
