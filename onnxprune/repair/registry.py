"""The registry of repairs: what is done about what the removed units did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onnxprune.registry import Registry
from onnxprune.repair.edits import Edits
from onnxprune.repair.work import Work
from onnxprune.words import first_line

Function = Callable[[Work], Edits]


@dataclass(frozen=True, slots=True)
class Repair:
    """A registered repair and the first line of its docstring."""

    name: str
    function: Function
    summary: str


_REPAIRS: Registry[Repair] = Registry("repair")
repairs = _REPAIRS.all
get = _REPAIRS.get


def repair(name: str) -> Callable[[Function], Function]:
    """Register a function as the repair `name`."""

    def register(function: Function) -> Function:
        _REPAIRS.add(Repair(name, function, first_line(function)))
        return function

    return register
