"""Activity: a unit that is near zero on data is not used there."""

from __future__ import annotations

import numpy as np

from onnxprune.coupling import Group
from onnxprune.criteria.activation import over_readers
from onnxprune.criteria.registry import Context, Needs, criterion

Array = np.ndarray


@criterion("aas", Needs.MOMENTS, aggregate="mean")
def aas(context: Context, group: Group) -> Array:
    """Mean magnitude of a unit over positions (Zhao et al. 2022, "Adaptive Activation-based Structured Pruning").

    The mean of |A|^p over the map of a filter, behind its activation, with p = 1 as in the authors' scripts; p = 2
    would rank as `cfsp` does. Where a map has become several columns of a matrix, it is the mean over them.
    """
    return over_readers(context, group, lambda layer, seen: seen.magnitude, mean=True)


@criterion("mini_gpt", Needs.MOMENTS, aggregate="mean")
def mini_gpt(context: Context, group: Group) -> Array:
    """L1 norm of a unit on data, over the number of positions (Valicenti et al. 2023, "Mini-GPTs", contextual pruning).

    Of what layers read, behind the activation; the authors' code looks in front of it too, with and without the bias.
    A unit of a single column scores as with `aas` and `amp`; columns of a larger one are summed.
    """
    return over_readers(context, group, lambda layer, seen: seen.magnitude)
