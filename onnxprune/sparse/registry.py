"""The registry of methods that make weights sparse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from onnxprune.registry import Registry
from onnxprune.sparse.task import Task
from onnxprune.words import first_line

Function = Callable[[Task], np.ndarray]
"""Returns the weight [outputs, inputs], zero where the pattern has zeros."""


@dataclass(frozen=True, slots=True)
class Sparsifier:
    """A registered method and the first line of its docstring; looks: whether it looks at what layers read; gradients:
    at the Fisher information of weights, which takes torch; gates: at what gated linear units make; wraps: whether what
    it makes is where block-diagonal matrices around it start from (`onnxprune.sparse.descent`)"""

    name: str
    function: Function
    summary: str
    looks: bool = True
    gradients: bool = False
    gates: bool = False
    wraps: bool = False

    @property
    def needs(self) -> str:
        """What it has to know, in words."""
        asked = (("covariances", self.looks), ("gradients", self.gradients), ("gates", self.gates))
        return ", ".join(word for word, there in asked if there) or "weights"


_SPARSIFIERS: Registry[Sparsifier] = Registry("method of making weights sparse")
sparsifiers = _SPARSIFIERS.all
get = _SPARSIFIERS.get


def sparsifier(
    name: str, *, looks: bool = True, gradients: bool = False, gates: bool = False, wraps: bool = False
) -> Callable[[Function], Function]:
    """Register a function as the method `name`. looks, gradients, gates, wraps: see `Sparsifier`"""

    def register(function: Function) -> Function:
        _SPARSIFIERS.add(Sparsifier(name, function, first_line(function), looks, gradients, gates, wraps))
        return function

    return register
