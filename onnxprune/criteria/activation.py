"""Activation: a unit matters as much as what the layers behind it make of what it says on data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from onnxprune.calibration import Activation, Layer
from onnxprune.coupling import Group
from onnxprune.criteria.magnitude import l2
from onnxprune.criteria.registry import Context, Needs, criterion

Array = np.ndarray
Measure = Callable[[Layer, Activation], Array]
"""A value for every index of the axis that a layer sums over."""


@criterion("wanda", Needs.MOMENTS)
def wanda(context: Context, group: Group) -> Array:
    """Weights times the norm of what they multiply, summed (Sun et al. 2024, "Wanda", over structures)."""
    return _summed(context, group, lambda layer, seen: _per_unit(np.abs, layer) * np.sqrt(seen.square))


@criterion("flap", Needs.MOMENTS)
def flap(context: Context, group: Group) -> Array:
    """Variance of a unit times its squared outgoing weights (An et al. 2024, FLAP's fluctuation metric, WIFV)."""
    return _summed(context, group, lambda layer, seen: _per_unit(np.square, layer) * seen.variance)


@criterion("variance", Needs.MOMENTS)
def variance(context: Context, group: Group) -> Array:
    """Variance of a unit on data (Berisha et al. 2025, "Variance-Based Pruning", VBP)."""
    return _summed(context, group, lambda layer, seen: seen.variance)


@criterion("cfsp", Needs.MOMENTS)
def cfsp(context: Context, group: Group) -> Array:
    """Norm of a unit on data (Wang et al. 2025, CFSP's score within a block).

    The authors' code multiplies this norm by the magnitudes of the weights over their sum for the unit, one term for
    every matrix, and adds them up: each term sums to 1, and what is left is the norm times the number of matrices.
    """
    return _summed(context, group, lambda layer, seen: np.sqrt(seen.square))


def _summed(context: Context, group: Group, measure: Measure) -> Array:
    """A measure of the axes that layers sum over, added up for every unit; the weights' norm where none does."""
    total, read = np.zeros(group.size), False
    for layer, labels, seen in context.readers(group):
        chosen = labels >= 0
        total += np.bincount(labels[chosen], measure(layer, seen)[chosen], group.size)
        read = True
    return total if read else l2(context, group)


def _per_unit(function: Callable[[Array], Array], layer: Layer) -> Array:
    """The sum of a function of the weights, for every index of the axis that they multiply."""
    weight = np.asarray(layer.weight(), np.float32)
    return np.asarray(function(weight).sum(axis=(1, 3), dtype=np.float64).ravel())
