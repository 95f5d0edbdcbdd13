"""Magnitude: a unit with small weights, over all tensors coupled with it, is taken to matter little."""

from __future__ import annotations

import math

import numpy as np

from onnxprune.coupling import Group
from onnxprune.criteria.registry import Context, criterion
from onnxprune.criteria.units import project, sum_of_magnitudes, sum_of_squares


@criterion("l1", aggregate="sum")
def l1(context: Context, group: Group) -> np.ndarray:
    """Sum of absolute weights of all coupled tensors (Li et al. 2017, "Pruning Filters for Efficient ConvNets")."""
    return context.aggregated([v for _, v in context.statistics.units(group, sum_of_magnitudes)])


@criterion("magnitude", aggregate="mean")
def magnitude(context: Context, group: Group) -> np.ndarray:
    """Mean absolute weight in every coupled tensor, averaged (Gupta et al. 2022, "Global MP", over structures).

    Whatever the size of a layer, so that the scores of all groups compare as they are: with the budget `threshold`, and
    with the floor of every pass (`channels{floor=0.1}`), which keeps layers from collapsing, it is global magnitude
    pruning.
    """
    found = []
    for site, values in context.statistics.units(group, sum_of_magnitudes):
        axis = np.full(site.tensor.shape[site.axis], math.prod(site.tensor.shape) / site.tensor.shape[site.axis])
        found.append(values / np.maximum(project(site.term, axis, group.atom), 1))
    return context.aggregated(found)


@criterion("l2", aggregate="sum")
def l2(context: Context, group: Group) -> np.ndarray:
    """Euclidean norm of the weights of all coupled tensors (Fang et al. 2023, "DepGraph", without normalisation)."""
    return np.asarray(np.sqrt(context.aggregated([v for _, v in context.statistics.units(group, sum_of_squares)])))


@criterion("group_l2", aggregate="mean")
def group_l2(context: Context, group: Group) -> np.ndarray:
    """Norm with every coupled tensor counting alike: squares over their mean in each tensor, averaged (1 is average).

    Scores of different groups become comparable, which a global budget needs (Fang et al. 2023, the group
    importance with mean normalisation).
    """
    tiny = np.finfo(float).tiny
    with np.errstate(invalid="ignore"):  # weights that are not finite: the scores are made so later
        shares = [v / max(float(v.mean()), tiny) for _, v in context.statistics.units(group, sum_of_squares)]
    return np.asarray(np.sqrt(context.aggregated(shares)))


@criterion("lamp", aggregate="sum")
def lamp(context: Context, group: Group) -> np.ndarray:
    """Squared norm over that of all units at least as large (Lee et al. 2021, "LAMP", over structures).

    The share that a unit has in what is left by the time that it is the smallest: the largest unit of every group has 1
    and goes last, so that no group is emptied by a global budget.
    """
    squares = context.aggregated([v for _, v in context.statistics.units(group, sum_of_squares)])
    order = np.argsort(squares, kind="stable")
    left = np.cumsum(squares[order][::-1])[::-1]
    scores = np.zeros(group.size)
    with np.errstate(invalid="ignore"):  # weights that are not finite: the scores are made so later
        scores[order] = squares[order] / np.maximum(left, np.finfo(float).tiny)
    return scores
