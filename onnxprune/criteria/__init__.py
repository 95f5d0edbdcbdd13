"""Scores: how useful each unit of a group is. Importing this package registers the criteria, one family per file."""

from onnxprune.criteria import (
    ablation,
    activation,
    activity,
    bonsai,
    brain,
    chance,
    dependency,
    magnitude,
    median,
    projected,
    propagated,
    reconstruction,
    representative,
    scale,
    spectrum,
    zeroth_order,
)
from onnxprune.criteria.aggregate import AGGREGATES
from onnxprune.criteria.registry import Context, Criterion, Needs, criteria, criterion, get, score
from onnxprune.criteria.units import Statistics, project, weights

__all__ = [
    "AGGREGATES",
    "Context",
    "Criterion",
    "Needs",
    "Statistics",
    "ablation",
    "activation",
    "activity",
    "bonsai",
    "brain",
    "chance",
    "criteria",
    "criterion",
    "dependency",
    "get",
    "magnitude",
    "median",
    "project",
    "projected",
    "propagated",
    "reconstruction",
    "representative",
    "scale",
    "score",
    "spectrum",
    "weights",
    "zeroth_order",
]
