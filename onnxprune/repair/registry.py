"""The registry of repairs: what is done about what the removed units did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onnxprune.errors import InputError
from onnxprune.repair.edits import Edits
from onnxprune.repair.work import Work

Function = Callable[[Work], Edits]


@dataclass(frozen=True, slots=True)
class Repair:
    """A registered repair and the first line of its docstring."""

    name: str
    function: Function
    summary: str


_REPAIRS: dict[str, Repair] = {}


def repair(name: str) -> Callable[[Function], Function]:
    """Register a function as the repair `name`."""

    def register(function: Function) -> Function:
        _REPAIRS[name] = Repair(name, function, (function.__doc__ or "").strip().split("\n")[0])
        return function

    return register


def repairs() -> list[Repair]:
    """All registered repairs, by name."""
    return [_REPAIRS[name] for name in sorted(_REPAIRS)]


def get(name: str) -> Repair:
    """A repair by name. Raises InputError naming those there are."""
    if name not in _REPAIRS:
        raise InputError(f"no repair '{name}'; there are {', '.join(sorted(_REPAIRS))}")
    return _REPAIRS[name]
