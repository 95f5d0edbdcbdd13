"""Reconstruction: how far what a layer makes moves when units go and nothing makes up for them.

Units go one after the other, the cheapest first, each judged together with those that went before: two units that
cancel out are cheap together, two that say the same are dear. The scores follow that order.
"""

from __future__ import annotations

import numpy as np

from onnxprune.calibration import Activation, Layer
from onnxprune.coupling import Group
from onnxprune.criteria.magnitude import l2
from onnxprune.criteria.registry import Context, Needs, criterion

Array = np.ndarray


@criterion("thinet", Needs.COVARIANCES, losses=True)
def thinet(context: Context, group: Group) -> Array:
    """Squared error of the layers behind that a unit adds to that of units gone before it (Luo et al. 2017, ThiNet).

    Mean of the square of the sum of what the units contribute, over all outputs of a layer where ThiNet samples some,
    over the mean square of what the layer makes; summed over layers. Exact for a kernel of one position; what taps of a
    larger one read is taken to vary independently. A unit's score is the rise when it goes, at least the one before.
    """
    products, read = np.zeros((group.size, group.size)), False
    for found in context.readers(group):
        products += _products(group.size, *found)
        read = True
    return greedy(products) if read else l2(context, group)


def greedy(products: Array) -> Array:
    """Scores [units]. products: [units, units], what is summed over all pairs of units that went."""
    rises = np.diag(products).copy()
    scores, left, highest = np.zeros(len(rises)), np.arange(len(rises)), 0.0
    while len(left):
        at = int(np.argmin(rises[left]))
        unit = left[at]
        scores[unit] = highest = max(float(rises[unit]), float(np.nextafter(highest, np.inf)))
        left = np.delete(left, at)
        rises += 2 * products[unit]
    return scores


def _products(size: int, layer: Layer, labels: Array, seen: Activation) -> Array:
    """Mean products of what units contribute, [units, units], over the mean square of what the layer makes."""
    found, made = np.zeros((size, size)), 0.0
    for i, part in enumerate(np.asarray(layer.weight(), np.float64)):
        columns = part.shape[1]
        at = slice(i * columns, (i + 1) * columns)
        taps, sums = part.transpose(0, 2, 1).reshape(-1, columns), part.sum(axis=2)
        products = (taps.T @ taps) * seen.covariance[at, at] + (sums.T @ sums) * np.outer(seen.mean[at], seen.mean[at])
        made += float(products.sum())
        found += _per_unit(products, labels[at], size)
    return found / max(made, 1e-30)


def _per_unit(products: Array, labels: Array, size: int) -> Array:
    """Sums over the columns [columns, columns] of every pair of units [units, units]."""
    mine = np.flatnonzero(labels >= 0)
    order = mine[np.argsort(labels[mine], kind="stable")]
    units, starts = np.unique(labels[order], return_index=True)
    sums = products[np.ix_(order, order)]
    if len(units) < len(order):
        sums = np.add.reduceat(np.add.reduceat(sums, starts, axis=0), starts, axis=1)
    found = np.zeros((size, size))
    found[np.ix_(units, units)] = sums
    return found
