"""The registry of budgets: how many units each group should keep when the model as a whole keeps a fraction of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.cost import Cost
from onnxprune.calibration import Trials
from onnxprune.registry import Registry
from onnxprune.words import first_line


@dataclass(frozen=True, slots=True)
class Work:
    """What a budget may know of the work that units cause: multiply-accumulates, and elements moved for them.

    time: measured, where the target is stated in it; trials: runs of the model under masks of the candidates on data,
    for budgets that ask, None where nobody can make any
    """

    macs: Cost
    traffic: Cost
    time: Cost | None = None
    trials: Callable[[], Trials] | None = None


Widths = Callable[[Sequence[Candidate], Work], Callable[[float], list[float]]]
"""Prepares for some candidates and returns a function from a level in [0, 1] to wanted units per candidate.

The function must not decrease with the level; level 1 keeps everything.
"""


@dataclass(frozen=True, slots=True)
class Budget:
    """A registered budget and the first line of its docstring."""

    name: str
    widths: Widths
    summary: str


_BUDGETS: Registry[Budget] = Registry("budget")
budgets = _BUDGETS.all
get = _BUDGETS.get


def budget(name: str) -> Callable[[Widths], Widths]:
    """Register a function as the budget `name`."""

    def register(function: Widths) -> Widths:
        _BUDGETS.add(Budget(name, function, first_line(function)))
        return function

    return register
