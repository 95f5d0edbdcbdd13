"""Fisher: how fast the outputs leave those of the dense model when a unit goes, to second order.

A gradient by the factor of a unit is one number for a sample; the mean of its square is the unit's entry of the Fisher
information. Without labels they are drawn from what the model says, so that half of it is the divergence from the dense
model when the unit goes, as far as that is a parabola; with labels it is the empirical one of the authors.
"""

from __future__ import annotations

import numpy as np

from onnxprune.coupling import Group
from onnxprune.criteria.brain import energy
from onnxprune.criteria.prices import relief
from onnxprune.criteria.reconstruction import greedy
from onnxprune.criteria.registry import Context, criterion
from onnxprune.criteria.slopes import by_gate, by_member

Array = np.ndarray


@criterion("fisher", gradients=True, losses=True)
def fisher(context: Context, group: Group) -> Array:
    """Half the mean square of the gradient by a unit's factor (Theis et al. 2018, "Fisher Pruning").

    One factor for all that is coupled, as for masks. The authors add a cost, which is left to the budget.
    """
    found = by_gate(context, group, "gates_fisher")
    return energy(context, group) if found is None else np.square(found).mean(axis=0) / 2


@criterion("group_fisher", gradients=True)
def group_fisher(context: Context, group: Group) -> Array:
    """The Fisher information of a unit's factor, over what it costs (Liu et al. 2021, "Group Fisher Pruning").

    The sum over samples of the squared gradient of a mask that coupled layers share, over the multiply-accumulates that
    the unit takes away (the authors take these, or memory). For budgets that ask for scores alone, as `threshold`.
    """
    found = by_gate(context, group, "gates_fisher")
    scores = energy(context, group) if found is None else np.square(found).sum(axis=0)
    return np.asarray(scores / relief(context, group))


@criterion("fisher_block", gradients=True, losses=True)
def fisher_block(context: Context, group: Group) -> Array:
    """Rise of the divergence with the units gone before, by the Fisher information of a group (Kwon et al. 2022).

    As in "A Fast Post-Training Pruning Framework for Transformers": m' F m / 2 with F = mean of g g' over samples, g
    being the gradients by all factors of a group and m what went. Units go one after the other, the cheapest first,
    where the authors start from the diagonal and exchange units. What units have in common is told less surely the more
    there are of them for a sample (of which the authors have 2048), so of that a share of samples / (samples + units)
    counts.
    """
    found = by_gate(context, group, "gates_fisher")
    if found is None:
        return energy(context, group)
    products = found.T @ found / (2 * len(found))
    own = np.diag(np.diag(products))
    return greedy(own + (products - own) * (len(found) / (len(found) + group.size)))


@criterion("weight_fisher", gradients=True, aggregate="sum", losses=True)
def weight_fisher(context: Context, group: Group) -> Array:
    """Half of squared weights times the Fisher diagonal (Hassibi and Stork 1993; Singh and Alistarh 2020, WoodFisher).

    Weight by weight, as if they went independently: the sum of w^2 F / 2 over the weights of a unit.
    """
    found = by_member(context, group, lambda w, f: w * w * f / 2, ["fisher"])
    return context.aggregated(found) if found else energy(context, group)
