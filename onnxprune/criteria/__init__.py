"""Scores: how useful each unit of a group is. Importing this package registers the criteria, one family per file."""

from onnxprune.criteria import activation, brain, chance, magnitude, median, reconstruction, scale
from onnxprune.criteria.registry import Context, Criterion, Needs, criteria, criterion, get, score
from onnxprune.criteria.units import Statistics, project, weights

__all__ = [
    "Context",
    "Criterion",
    "Needs",
    "Statistics",
    "activation",
    "brain",
    "chance",
    "criteria",
    "criterion",
    "get",
    "magnitude",
    "median",
    "project",
    "reconstruction",
    "scale",
    "score",
    "weights",
]
