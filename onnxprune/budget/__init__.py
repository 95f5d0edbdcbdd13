"""Allocation: how many units go from which group. Importing this package registers the budgets."""

from onnxprune.budget import ecoflap, global_rank, roofline, sensitivity, threshold, uniform, value
from onnxprune.budget.candidate import Candidate
from onnxprune.budget.cost import Cost, macs, params, size, traffic
from onnxprune.budget.fit import Fit, fit
from onnxprune.budget.monomial import Monomial
from onnxprune.budget.registry import Budget, Work, budget, budgets, get
from onnxprune.budget.variants import Variant, latency

__all__ = [
    "Budget",
    "Candidate",
    "Cost",
    "Fit",
    "Monomial",
    "Variant",
    "Work",
    "budget",
    "budgets",
    "ecoflap",
    "fit",
    "get",
    "global_rank",
    "latency",
    "macs",
    "params",
    "roofline",
    "sensitivity",
    "size",
    "threshold",
    "traffic",
    "uniform",
    "value",
]
