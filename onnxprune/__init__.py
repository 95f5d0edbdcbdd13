"""onnxprune makes ONNX models smaller and faster by taking whole pieces out of them, and proves what it did.

>>> import onnxprune
>>> result = onnxprune.optimize("model.onnx", "small.onnx")                        # doctest: +SKIP

This is the public door; names come from their rooms when they are first used, so that importing it is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from onnxprune._version import __version__
from onnxprune.errors import InputError, OnnxpruneError, VerificationError

if TYPE_CHECKING:
    from onnxprune import gate
    from onnxprune.coupling.explanation import Explanation
    from onnxprune.directory import DirectoryResult, optimize_directory
    from onnxprune.pruning import Inputs, Options, Pass, Plan, Recovery, Result, Target, recover
    from onnxprune.pruning.optimize import optimize
    from onnxprune.recipe.recipe import Recipe
    from onnxprune.recipe.run import run
    from onnxprune.recovery import Effort, Training
    from onnxprune.report import Benched, Comparison, Report, Survey, analyze, bench, compare, explain, summarize

_ROOMS = {
    "onnxprune.coupling.explanation": ("Explanation",),
    "onnxprune.directory": ("DirectoryResult", "optimize_directory"),
    "onnxprune.pruning": (
        "Inputs",
        "Options",
        "Pass",
        "Plan",
        "Recovery",
        "Result",
        "Target",
        "optimize",
        "recover",
    ),
    "onnxprune.recipe.recipe": ("Recipe",),
    "onnxprune.recipe.run": ("run",),
    "onnxprune.recovery": ("Effort", "Training"),
    "onnxprune.report": (
        "Benched",
        "Comparison",
        "Report",
        "Survey",
        "analyze",
        "bench",
        "compare",
        "explain",
        "summarize",
    ),
}

__all__ = [
    "Benched",
    "Comparison",
    "DirectoryResult",
    "Effort",
    "Explanation",
    "InputError",
    "Inputs",
    "OnnxpruneError",
    "Options",
    "Pass",
    "Plan",
    "Recipe",
    "Recovery",
    "Report",
    "Result",
    "Survey",
    "Target",
    "Training",
    "VerificationError",
    "__version__",
    "analyze",
    "bench",
    "compare",
    "explain",
    "gate",
    "optimize",
    "optimize_directory",
    "recover",
    "run",
    "summarize",
]


def __getattr__(name: str) -> Any:
    if name == "gate":  # a room whose verbs are `gate.record` and `gate.check`
        return import_module("onnxprune.gate")
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(room), name)
    raise AttributeError(f"module 'onnxprune' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
