"""Taylor: how much the loss would change when a unit goes, told by its slope where all units are there."""

from __future__ import annotations

import numpy as np

from onnxprune.coupling import Group
from onnxprune.criteria.brain import energy
from onnxprune.criteria.registry import Context, criterion
from onnxprune.criteria.slopes import by_gate, by_member

Array = np.ndarray


@criterion("taylor", gradients=True, aggregate="sum", losses=True)
def taylor(context: Context, group: Group) -> Array:
    """Square of the sum of weights times gradients (Molchanov et al. 2019, "Importance Estimation", first order).

    (sum of g w)^2 over the weights that a unit has in one coupled tensor, g being the mean over samples; summed over
    tensors. The authors sum over what makes a unit alone; what reads it says the same where no activation but a
    piecewise linear one lies between.
    """
    found = by_member(context, group, np.multiply, ["mean"])
    return context.aggregated([np.square(one) for one in found]) if found else energy(context, group)


@criterion("nvit", gradients=True, losses=True)
def nvit(context: Context, group: Group) -> Array:
    """Square of the sum of weights times gradients over all coupled tensors (Yang et al. 2023, NViT's saliency).

    As `taylor`, but what makes a unit and what reads it are summed before the square, so that widths, heads and
    neurons compare. The authors take from it what a unit costs in time, which is the budget's business here:
    `--target latency`.
    """
    found = by_member(context, group, np.multiply, ["mean"])
    return np.square(np.sum(found, axis=0)) if found else energy(context, group)


@criterion("taylor_act", gradients=True, losses=True)
def taylor_act(context: Context, group: Group) -> Array:
    """Magnitude of the gradient by a unit's factor, the mean over samples (Molchanov et al. 2017, Taylor expansion).

    The factor is on the unit wherever it is read, as masks are, so the gradient is the sum of activation times
    gradient over all positions of a sample, where the authors take the mean. Each layer's scores are divided by their
    norm there, which is left to the budget here.
    """
    found = by_gate(context, group)
    return energy(context, group) if found is None else np.abs(found).mean(axis=0)


@criterion("head_mask", gradients=True, losses=True)
def head_mask(context: Context, group: Group) -> Array:
    """Mean magnitude of the gradient by a mask, over its norm in the layer (Michel et al. 2019, "Sixteen Heads").

    As `taylor_act`, for heads and for any other units, with the authors' normalisation: divided by the root of the sum
    of squares over the units of a group, so that groups compare.
    """
    scores = taylor_act(context, group)
    return np.asarray(scores / max(float(np.linalg.norm(scores)), np.finfo(float).tiny))
