"""Weights times the norm of what they read, and times that of their gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from onnxprune.calibration import Activation, Layer
from onnxprune.coupling import Group
from onnxprune.criteria.activation import over_readers
from onnxprune.criteria.brain import energy
from onnxprune.criteria.registry import Context, Needs, criterion
from onnxprune.criteria.slopes import by_member
from onnxprune.criteria.units import finite

Array = np.ndarray

SCALE = 100.0
"""Of gradients beside activations, in the code of GBLM-Pruner, and by default in Wanda++ (its alpha)."""

CALLS = 128
"""Samples that GBLM-Pruner adds up the squares of gradients over."""


@criterion("gblm", Needs.MOMENTS, gradients=True, aggregate="sum")
def gblm(context: Context, group: Group) -> Array:
    """Weights times norms of what they read and of their gradients (Das et al. 2023, "GBLM-Pruner", over structures).

    The sum of |w| (|x| + 100 |g|): |x| the root of the mean over samples of the sum of squares over positions, |g| that
    of the sum of squares over 128 samples, as in the authors' code.
    """
    return _readers(context, group, "square", lambda slopes: SCALE * np.sqrt(CALLS * slopes))


@criterion("wandapp", Needs.MOMENTS, gradients=True, aggregate="sum")
def wandapp(context: Context, group: Group) -> Array:
    """Weights times norms of what they read and of regional gradients (Yang et al. 2025, "Wanda++", RGS).

    The sum of |w| (100 |g| + |x|): g is the gradient of the norm of what the block around makes, |g| its root mean
    square over samples, |x| as in `gblm`. Layers in no block have |x| alone. The optimisation of blocks that the
    authors go on with is a repair's business.
    """
    return _readers(context, group, "regional", lambda slopes: SCALE * slopes)


@criterion("pruner_zero", gradients=True, aggregate="sum")
def pruner_zero(context: Context, group: Group) -> Array:
    """Squared weights times gradients' norms between 0 and 1 (Dong et al. 2024, "Pruner-Zero", summed over structures).

    The metric that the authors' search ended with, |w w| times |g| less its least in the tensor over its range there.
    """
    found = by_member(context, group, lambda w, s: w * w * _scaled(np.sqrt(s)), ["square"])
    return context.aggregated(found) if found else energy(context, group)


def _scaled(values: Array) -> Array:
    least, most = float(values.min(initial=np.inf)), float(values.max(initial=0))
    return np.asarray((values - least) / max(most - least, 1e-38))


def _readers(context: Context, group: Group, what: str, norm: Callable[[Array], Array]) -> Array:
    """Of what layers read, and of their gradients, where these are known."""
    assert context.gradients is not None
    slopes = context.gradients(what)

    def measure(layer: Layer, seen: Activation) -> Array:
        weight = np.abs(np.asarray(layer.weight(), np.float32))
        columns = (weight.sum(axis=(1, 3), dtype=np.float64)).ravel() * _norm(context, seen)
        found = slopes.get(layer.stored.name)
        if found is None:
            return np.asarray(columns)
        own = np.asarray(layer.form.read(norm(finite(found)), layer.groups) * weight)
        return np.asarray(columns + own.sum(axis=(1, 3), dtype=np.float64).ravel())

    return over_readers(context, group, measure)


def _norm(context: Context, seen: Activation) -> Array:
    """The root of the mean over samples of the sum of squares over positions."""
    return np.asarray(np.sqrt(seen.square) * math.sqrt(seen.moments.count / max(context.samples, 1)))
