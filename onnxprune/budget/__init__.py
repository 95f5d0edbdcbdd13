"""Allocation: how many units go from which group. Importing this package registers the budgets."""

from onnxprune.budget import global_rank, uniform
from onnxprune.budget.candidate import Candidate
from onnxprune.budget.cost import Cost, Monomial, macs, params, size
from onnxprune.budget.fit import Fit, fit
from onnxprune.budget.registry import Budget, budget, budgets, get

__all__ = [
    "Budget",
    "Candidate",
    "Cost",
    "Fit",
    "Monomial",
    "budget",
    "budgets",
    "fit",
    "get",
    "global_rank",
    "macs",
    "params",
    "size",
    "uniform",
]
