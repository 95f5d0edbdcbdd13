"""The pass framework and the pipeline: no pass lives here."""

from onnxprune.pruning.alignment import BLOCK
from onnxprune.pruning.decide import Decision, decide
from onnxprune.pruning.measure import Measurement, measure
from onnxprune.pruning.optimize import Result, optimize
from onnxprune.pruning.options import Options, Target
from onnxprune.pruning.passes import Pass, available, learned, parse
from onnxprune.pruning.plan import Plan, read
from onnxprune.pruning.selection import Scope

__all__ = [
    "BLOCK",
    "Decision",
    "Measurement",
    "Options",
    "Pass",
    "Plan",
    "Result",
    "Scope",
    "Target",
    "available",
    "decide",
    "learned",
    "measure",
    "optimize",
    "parse",
    "read",
]
