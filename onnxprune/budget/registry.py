"""The registry of budgets: how many units each group should keep when the model as a whole keeps a fraction of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.cost import Cost
from onnxprune.errors import InputError


@dataclass(frozen=True, slots=True)
class Work:
    """What a budget may know of the work that units cause: multiply-accumulates, and elements moved for them."""

    macs: Cost
    traffic: Cost


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


_BUDGETS: dict[str, Budget] = {}


def budget(name: str) -> Callable[[Widths], Widths]:
    """Register a function as the budget `name`."""

    def register(function: Widths) -> Widths:
        _BUDGETS[name] = Budget(name, function, (function.__doc__ or "").strip().split("\n")[0])
        return function

    return register


def budgets() -> list[Budget]:
    """All registered budgets, by name."""
    return [_BUDGETS[name] for name in sorted(_BUDGETS)]


def get(name: str) -> Budget:
    """A budget by name. Raises InputError naming those there are."""
    if name not in _BUDGETS:
        raise InputError(f"no budget '{name}'; there are {', '.join(sorted(_BUDGETS))}")
    return _BUDGETS[name]
