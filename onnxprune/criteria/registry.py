"""The registry of criteria: functions from a group to one score per unit, higher meaning more useful."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from onnxprune.calibration import Activation, Activations, Layer, layers
from onnxprune.coupling import Analysis, Group
from onnxprune.coupling.terms import leaves
from onnxprune.criteria.units import Statistics, labels
from onnxprune.registry import Registry
from onnxprune.words import first_line


@dataclass(frozen=True, slots=True)
class Context:
    """What a criterion may look at besides the group: the whole analysis, shared statistics, a random generator.

    activations: what data say of the layers, for criteria that need them
    """

    analysis: Analysis
    statistics: Statistics
    random: np.random.Generator
    activations: Activations | None = None

    def readers(self, group: Group) -> Iterator[tuple[Layer, np.ndarray, Activation]]:
        """The layers that consume a group: each with the unit that every index of its axis belongs to (-1: none), and
        what data say of that axis."""
        for layer in layers(self.analysis) if self.activations is not None else ():
            if self.activations is not None and layer in self.activations and group.atom in leaves(layer.units):
                yield layer, labels(layer.units, group.atom), self.activations[layer]


Function = Callable[[Context, Group], np.ndarray]


class Needs(IntEnum):
    """What a criterion has to know: weights alone, moments of activations, or their covariances as well."""

    WEIGHTS = 0
    MOMENTS = 1
    COVARIANCES = 2


@dataclass(frozen=True, slots=True)
class Criterion:
    """A registered criterion and the first line of its docstring."""

    name: str
    function: Function
    summary: str
    needs: Needs = Needs.WEIGHTS


_CRITERIA: Registry[Criterion] = Registry("criterion")
criteria = _CRITERIA.all
get = _CRITERIA.get


def criterion(name: str, needs: Needs = Needs.WEIGHTS) -> Callable[[Function], Function]:
    """Register a function as the criterion `name`."""

    def register(function: Function) -> Function:
        _CRITERIA.add(Criterion(name, function, first_line(function), needs))
        return function

    return register


def score(
    analysis: Analysis, groups: Iterable[Group], name: str, seed: int = 0, activations: Activations | None = None
) -> dict[str, np.ndarray]:
    """Group id -> scores [units], float64, finite."""
    function = get(name).function
    context = Context(analysis, Statistics(), np.random.default_rng(seed), activations)
    return {g.id: np.nan_to_num(np.asarray(function(context, g), np.float64)) for g in groups}
