"""Curvature: what a unit's weights lose in the valley that training left them in, by the Hessian of the loss.

Without labels it is the Hessian of the divergence from the dense model, whose gradient is zero there.
"""

from __future__ import annotations

import numpy as np

from onnxprune.coupling import Group
from onnxprune.criteria.brain import energy
from onnxprune.criteria.registry import Context, criterion
from onnxprune.criteria.slopes import by_member

Array = np.ndarray


@criterion("hap", gradients=True, aggregate="sum", losses=True)
def hap(context: Context, group: Group) -> Array:
    """Trace of the Hessian times the squared norm, over twice the number of weights (Yu et al. 2022, "HAP").

    Of the weights that a unit has in a coupled tensor; the trace is Hutchinson's estimate, the mean of v * Hv over
    random signs, at least 0.
    """
    traces = by_member(context, group, lambda _, h: h, ["curvature"], mean=True)
    squares = by_member(context, group, lambda w, _: w * w, ["curvature"])
    found = [np.maximum(t, 0) * s / 2 for t, s in zip(traces, squares, strict=True)]
    return context.aggregated(found) if found else energy(context, group)


@criterion("obd", gradients=True, aggregate="sum", losses=True)
def obd(context: Context, group: Group) -> Array:
    """Half of squared weights times the Hessian's diagonal (LeCun et al. 1990, "Optimal Brain Damage", summed).

    The diagonal is an estimate as in `hap`, which is good in sums over many weights.
    """
    found = by_member(context, group, lambda w, h: w * w * h / 2, ["curvature"])
    return context.aggregated([np.maximum(one, 0) for one in found]) if found else energy(context, group)
