"""Projection: heads by what the matrix behind them makes of them, neurons by what they say."""

from __future__ import annotations

import numpy as np

from onnxprune.calibration import Activation, Layer
from onnxprune.coupling import Group
from onnxprune.criteria.magnitude import l2
from onnxprune.criteria.registry import Context, Needs, criterion

Array = np.ndarray


@criterion("amp", Needs.POSITIONS, aggregate="mean")
def amp(context: Context, group: Group) -> Array:
    """Magnitude of what a head adds to the output, or of a neuron (Mugnaini et al. 2025, "AMP").

    A unit of several columns (a head): the mean over a sample of positions of the L1 norm of W_u x_u, W_u being the
    columns of the matrix behind that are the unit's; taps of a kernel count one by one. Of a single column (a neuron):
    the mean of |x| over all positions, without the weight, as in the authors' code: what `aas` and `mini_gpt` are too.
    """
    found = [_magnitudes(group.size, *reader) for reader in context.readers(group)]
    return context.aggregated(found) if found else l2(context, group)


def _magnitudes(size: int, layer: Layer, labels: Array, seen: Activation) -> Array:
    """What a layer says of every unit [units]. labels: the unit of every column, -1: none."""
    mine = np.flatnonzero(labels >= 0)
    if len(np.unique(labels[mine])) == len(mine):
        return np.bincount(labels[mine], seen.magnitude[mine], size)
    scores, sample = np.zeros(size), seen.sample
    for g, part in enumerate(np.asarray(layer.weight(), np.float32)):  # part: [outputs, columns, taps]
        at = g * part.shape[1]
        own = labels[at : at + part.shape[1]]
        for unit in np.unique(own[own >= 0]):
            columns = np.flatnonzero(own == unit)
            added = sample[:, at + columns] @ part[:, columns].transpose(1, 0, 2).reshape(len(columns), -1)
            scores[unit] += np.abs(added).sum(axis=1, dtype=np.float64).mean()
    return scores
