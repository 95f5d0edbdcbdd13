"""LLM-Pruner: what the loss changes by as coupled weights go, each judged alone or a unit as a whole."""

from __future__ import annotations

import numpy as np

from onnxprune.coupling import Group
from onnxprune.criteria.brain import energy
from onnxprune.criteria.registry import Context, criterion
from onnxprune.criteria.slopes import by_member

Array = np.ndarray


@criterion("llm_pruner", gradients=True, aggregate="sum", losses=True)
def llm_pruner(context: Context, group: Group) -> Array:
    """Magnitude of gradient times weight, less half of squared weight times curvature (Ma et al. 2023, LLM-Pruner).

    Element-wise: the sum of |g w - w F w / 2|, F being the mean square of the gradient over samples (`param_mix`).
    """
    found = by_member(context, group, lambda w, g, f: np.abs(g * w - w * f * w / 2), ["mean", "square"])
    return context.aggregated(found) if found else energy(context, group)


@criterion("llm_pruner_first", gradients=True, aggregate="sum", losses=True)
def llm_pruner_first(context: Context, group: Group) -> Array:
    """Magnitude of gradient times weight, summed (Ma et al. 2023, LLM-Pruner's first-order form, "Element 1").

    As SNIP has it for single weights (Lee et al. 2019).
    """
    found = by_member(context, group, lambda w, g: np.abs(g * w), ["mean"])
    return context.aggregated(found) if found else energy(context, group)


@criterion("llm_pruner_vector", gradients=True, aggregate="sum")
def llm_pruner_vector(context: Context, group: Group) -> Array:
    """Magnitude of the sum of gradient times weight (Ma et al. 2023, LLM-Pruner's vector-wise form).

    One sum for every coupled tensor, first order as in the authors' code: the root of what `taylor` sums up.
    """
    found = by_member(context, group, np.multiply, ["mean"])
    return context.aggregated([np.abs(one) for one in found]) if found else energy(context, group)


@criterion("movement", gradients=True, aggregate="sum")
def movement(context: Context, group: Group) -> Array:
    """Whether weights would move away from zero: minus gradient times weight (Sanh et al. 2020, "Movement Pruning").

    The authors add it up over the steps of training, in which weights move; summed over blocks of weights as Lagunas et
    al. 2021 have it. Here nothing is trained: it is the first step, over all samples, where a trained model has
    little to tell.
    """
    found = by_member(context, group, lambda w, g: -g * w, ["mean"])
    return context.aggregated(found) if found else energy(context, group)
