"""Deliberate slips of the pen: one place of one function reads differently, and a test of the suite must notice."""

from __future__ import annotations
import __future__

import inspect
import textwrap
from dataclasses import dataclass
from importlib import import_module
from types import FunctionType
from typing import Any

import pytest


@dataclass(frozen=True, slots=True)
class Slip:
    """place: MODULE:FUNCTION under onnxprune, in which `right` reads `wrong`; test: MODULE:FUNCTION under tests that
    must fail then"""

    place: str
    right: str
    wrong: str
    test: str

    def __str__(self) -> str:
        return f"{self.place}: {self.wrong or 'without'} for {self.right}"[:110].replace("\n", " ")

    @property
    def function(self) -> FunctionType:
        return found("onnxprune", self.place)

    def make(self, patch: pytest.MonkeyPatch) -> None:
        """Let the function do the wrong thing, for whoever has imported it by whatever name."""
        function = self.function
        source = textwrap.dedent(inspect.getsource(function))
        source = source[source.index("def ") :]
        assert self.right in source, f"{self.place} does not read {self.right}"
        spoilt = source.replace(self.right, self.wrong, 1)
        room = dict(function.__globals__)
        exec(compile(spoilt, "slip", "exec", __future__.annotations.compiler_flag), room)  # noqa: S102
        made = room[function.__name__].__code__
        assert made.co_freevars == function.__code__.co_freevars and made.co_code != b""
        patch.setattr(function, "__code__", made)


def found(root: str, place: str) -> FunctionType:
    """The function of a name like `budget.candidate:Candidate.align`."""
    module, _, path = place.partition(":")
    thing: Any = import_module(f"{root}.{module}")
    for part in path.split("."):
        thing = inspect.getattr_static(thing, part)
    thing = getattr(thing, "fget", None) or thing
    assert isinstance(thing, FunctionType)
    return thing
