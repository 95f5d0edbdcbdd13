"""Magnitude: a unit with small weights, over all tensors coupled with it, is taken to matter little."""

from __future__ import annotations

import numpy as np

from onnxprune.coupling import Group
from onnxprune.criteria.registry import Context, criterion
from onnxprune.criteria.units import sum_of_magnitudes, sum_of_squares


@criterion("l1")
def l1(context: Context, group: Group) -> np.ndarray:
    """Sum of absolute weights of all coupled tensors (Li et al. 2017, "Pruning Filters for Efficient ConvNets")."""
    return np.asarray(np.sum([v for _, v in context.statistics.units(group, sum_of_magnitudes)], axis=0))


@criterion("l2")
def l2(context: Context, group: Group) -> np.ndarray:
    """Euclidean norm of the weights of all coupled tensors (Fang et al. 2023, "DepGraph", without normalisation)."""
    return np.asarray(np.sqrt(np.sum([v for _, v in context.statistics.units(group, sum_of_squares)], axis=0)))


@criterion("group_l2")
def group_l2(context: Context, group: Group) -> np.ndarray:
    """Norm with every coupled tensor counting alike: squares over their mean in each tensor, averaged (1 is average).

    Scores of different groups become comparable, which a global budget needs (Fang et al. 2023, the group
    importance with mean normalisation).
    """
    tiny = np.finfo(float).tiny
    with np.errstate(invalid="ignore"):  # weights that are not finite: the scores are made so later
        shares = [v / max(float(v.mean()), tiny) for _, v in context.statistics.units(group, sum_of_squares)]
    return np.asarray(np.sqrt(np.mean(shares, axis=0)))
