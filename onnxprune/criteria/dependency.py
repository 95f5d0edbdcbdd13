"""Dependency: all weights of a unit are judged by the one activation that passes through them."""

from __future__ import annotations

import numpy as np

from onnxprune.calibration import Layer
from onnxprune.coupling import Group
from onnxprune.criteria.activation import weights_per_index
from onnxprune.criteria.magnitude import l2
from onnxprune.criteria.registry import Context, Needs, criterion
from onnxprune.criteria.units import per_unit

Array = np.ndarray

ALPHA = 0.5
"""The power of the norm for matrices that make a unit, as in the authors' code."""


@criterion("dass", Needs.MOMENTS, aggregate="sum")
def dass(context: Context, group: Group) -> Array:
    """Weights into and out of a unit times its norm on data (Guo et al. 2024, "DaSS", summed over structures).

    A weight's metric is |W| |z| where the unit z is read, and |W| |z|^0.5 where it is made (gate and up), |z| being
    here the root of the mean square over positions and columns of a unit. DaSS removes single weights, N of M; the
    metrics of all weights of a unit are summed here for every matrix, and aggregated over the matrices.
    """
    readers = list(context.readers(group))
    if not readers:
        return l2(context, group)
    squares = [per_unit(group.size, labels, seen.square, mean=True) for _, labels, seen in readers]
    norms = np.sqrt(np.mean(squares, axis=0))
    read = [per_unit(group.size, labels, weights_per_index(np.abs, layer)) * norms for layer, labels, _ in readers]
    made = [per_unit(group.size, labels, _made(layer)) * norms**ALPHA for layer, labels in context.makers(group)]
    return context.aggregated([*made, *read])


def _made(layer: Layer) -> Array:
    """Sum of absolute weights of every output."""
    weight = np.asarray(layer.weight(), np.float32)
    return np.asarray(np.abs(weight).sum(axis=(2, 3), dtype=np.float64).ravel())
