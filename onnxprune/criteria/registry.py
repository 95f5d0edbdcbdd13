"""The registry of criteria: functions from a group to one score per unit, higher meaning more useful."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from onnxprune.coupling import Analysis, Group
from onnxprune.criteria.units import Statistics
from onnxprune.errors import InputError


@dataclass(frozen=True, slots=True)
class Context:
    """What a criterion may look at besides the group: the whole analysis, shared statistics, a random generator."""

    analysis: Analysis
    statistics: Statistics
    random: np.random.Generator


Function = Callable[[Context, Group], np.ndarray]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A registered criterion and the first line of its docstring."""

    name: str
    function: Function
    summary: str


_CRITERIA: dict[str, Criterion] = {}


def criterion(name: str) -> Callable[[Function], Function]:
    """Register a function as the criterion `name`."""

    def register(function: Function) -> Function:
        _CRITERIA[name] = Criterion(name, function, (function.__doc__ or "").strip().split("\n")[0])
        return function

    return register


def criteria() -> list[Criterion]:
    """All registered criteria, by name."""
    return [_CRITERIA[name] for name in sorted(_CRITERIA)]


def get(name: str) -> Criterion:
    """A criterion by name. Raises InputError naming those there are."""
    if name not in _CRITERIA:
        raise InputError(f"no criterion '{name}'; there are {', '.join(sorted(_CRITERIA))}")
    return _CRITERIA[name]


def score(analysis: Analysis, groups: Iterable[Group], name: str, seed: int = 0) -> dict[str, np.ndarray]:
    """Group id -> scores [units], float64, finite."""
    function = get(name).function
    context = Context(analysis, Statistics(), np.random.default_rng(seed))
    return {g.id: np.nan_to_num(np.asarray(function(context, g), np.float64)) for g in groups}
