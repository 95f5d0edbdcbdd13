"""The pass framework and the pipeline: no pass lives here."""

from onnxprune.pruning.alignment import BLOCK
from onnxprune.pruning.decide import Decision, decide
from onnxprune.pruning.inputs import Inputs
from onnxprune.pruning.loss import Search, Trial
from onnxprune.pruning.measure import Measurement, measure
from onnxprune.pruning.optimize import optimize
from onnxprune.pruning.options import Options, Target
from onnxprune.pruning.passes import LayerPass, Pass, available, learned, parse
from onnxprune.pruning.plan import Plan, read
from onnxprune.pruning.result import Result, Stage
from onnxprune.pruning.retrain import Recovery, recover
from onnxprune.pruning.selection import Scope

__all__ = [
    "BLOCK",
    "Decision",
    "Inputs",
    "LayerPass",
    "Measurement",
    "Options",
    "Pass",
    "Plan",
    "Recovery",
    "Result",
    "Scope",
    "Search",
    "Stage",
    "Target",
    "Trial",
    "available",
    "decide",
    "learned",
    "measure",
    "optimize",
    "parse",
    "read",
    "recover",
]
