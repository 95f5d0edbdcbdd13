"""Allocation: how many units go from which group. Importing this package registers the budgets."""

from onnxprune.budget import (
    cfsp,
    ecoflap,
    global_rank,
    io_cosine,
    knapsack,
    pqi,
    roofline,
    sensitivity,
    threshold,
    uniform,
    value,
    zscore,
)
from onnxprune.budget.candidate import Candidate
from onnxprune.budget.cost import Cost, macs, params, size, traffic
from onnxprune.budget.fit import PARTS, Fit, fit
from onnxprune.budget.joint import together
from onnxprune.budget.monomial import Monomial
from onnxprune.budget.registry import Budget, Needs, Work, budget, budgets, direct_budget, get
from onnxprune.budget.variants import Variant, latency

__all__ = [
    "PARTS",
    "Budget",
    "Candidate",
    "Cost",
    "Fit",
    "Monomial",
    "Needs",
    "Variant",
    "Work",
    "budget",
    "budgets",
    "cfsp",
    "direct_budget",
    "ecoflap",
    "fit",
    "get",
    "global_rank",
    "io_cosine",
    "knapsack",
    "latency",
    "macs",
    "params",
    "pqi",
    "roofline",
    "sensitivity",
    "size",
    "threshold",
    "together",
    "traffic",
    "uniform",
    "value",
    "zscore",
]
