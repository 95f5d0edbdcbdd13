"""Activation: a unit matters as much as what the layers behind it make of what it says on data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from onnxprune.calibration import Activation, Layer
from onnxprune.coupling import Group
from onnxprune.criteria.magnitude import l2
from onnxprune.criteria.registry import Context, Needs, criterion
from onnxprune.criteria.units import per_unit

Array = np.ndarray
Measure = Callable[[Layer, Activation], Array]
"""A value for every index of the axis that a layer sums over."""


@criterion("wanda", Needs.MOMENTS, aggregate="sum")
def wanda(context: Context, group: Group) -> Array:
    """Weights times the norm of what they multiply, summed (Sun et al. 2024, "Wanda", over structures)."""
    return over_readers(context, group, lambda layer, seen: weights_per_index(np.abs, layer) * np.sqrt(seen.square))


@criterion("flap", Needs.MOMENTS, aggregate="sum")
def flap(context: Context, group: Group) -> Array:
    """Variance of a unit times its squared outgoing weights (An et al. 2024, FLAP's fluctuation metric, WIFV)."""
    return over_readers(context, group, lambda layer, seen: weights_per_index(np.square, layer) * seen.variance)


@criterion("variance", Needs.MOMENTS, aggregate="sum")
def variance(context: Context, group: Group) -> Array:
    """Variance of a unit on data (Berisha et al. 2025, "Variance-Based Pruning", VBP)."""
    return over_readers(context, group, lambda layer, seen: seen.variance)


@criterion("cfsp", Needs.MOMENTS, aggregate="sum")
def cfsp(context: Context, group: Group) -> Array:
    """Norm of a unit on data (Wang et al. 2025, CFSP's score within a block).

    The authors' code multiplies this norm by the magnitudes of the weights over their sum for the unit, one term for
    every matrix, and adds them up: each term sums to 1, and what is left is the norm times the number of matrices.
    """
    return over_readers(context, group, lambda layer, seen: np.sqrt(seen.square))


def over_readers(context: Context, group: Group, measure: Measure, *, mean: bool = False) -> Array:
    """A measure of the axes that layers sum over, summed or averaged for every unit; else the weights' norm."""
    readers = context.readers(group)
    found = [per_unit(group.size, labels, measure(layer, seen), mean=mean) for layer, labels, seen in readers]
    return context.aggregated(found) if found else l2(context, group)


def weights_per_index(function: Callable[[Array], Array], layer: Layer) -> Array:
    """The sum of a function of the weights, for every index of the axis that they multiply."""
    weight = np.asarray(layer.weight(), np.float32)
    return np.asarray(function(weight).sum(axis=(1, 3), dtype=np.float64).ravel())
