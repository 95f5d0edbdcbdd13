"""The registry of criteria: functions from a group to one score per unit, higher meaning more useful."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from onnxprune.calibration import Activation, Activations, Gradients, Layer, Trials, layers
from onnxprune.coupling import Analysis, Group
from onnxprune.coupling.terms import leaves
from onnxprune.criteria.aggregate import aggregated, checked
from onnxprune.criteria.units import Statistics, labels
from onnxprune.errors import InputError
from onnxprune.progress import Progress, Steps, silent
from onnxprune.registry import Registry
from onnxprune.words import first_line


@dataclass(frozen=True, slots=True)
class Context:
    """What a criterion may look at besides the group: the whole analysis, shared statistics, a random generator.

    activations: what data say of the layers, for criteria that need them; aggregate: how values of several members
    become one; groups: all that are scored; trials: runs of masked models on data, None where nobody can make any;
    gradients: of a loss on data, for criteria that need them; shapes: of tensors that are open in the model; samples:
    how many activations were seen on; memo: what a criterion found out about all groups at once
    """

    analysis: Analysis
    statistics: Statistics
    random: np.random.Generator
    activations: Activations | None = None
    aggregate: str = "sum"
    groups: Sequence[Group] = ()
    trials: Trials | None = None
    gradients: Gradients | None = None
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict)
    samples: int = 1
    memo: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)

    def gated(self) -> list[Group]:
        """The groups that trials can be made with."""
        return [g for g in self.groups if self.trials is not None and g.id in self.trials.sizes]

    def at_once(self, name: str, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Something for every group by its id, made when the first one is scored."""
        if name not in self.memo:
            self.memo[name] = make()
        return self.memo[name]

    def aggregated(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """One value per unit out of those that every member has for it: [units] each."""
        return aggregated(self.aggregate, values)

    def makers(self, group: Group) -> Iterator[tuple[Layer, np.ndarray]]:
        """The layers that make a group: each with the unit that every one of its outputs belongs to (-1: none)."""
        for layer in layers(self.analysis):
            if group.atom in leaves(layer.made):
                yield layer, labels(layer.made, group.atom)

    def readers(self, group: Group) -> Iterator[tuple[Layer, np.ndarray, Activation]]:
        """The layers that consume a group: each with the unit that every index of its axis belongs to (-1: none), and
        what data say of that axis."""
        for layer in layers(self.analysis) if self.activations is not None else ():
            if self.activations is not None and layer in self.activations and group.atom in leaves(layer.units):
                yield layer, labels(layer.units, group.atom), self.activations[layer]


Function = Callable[[Context, Group], np.ndarray]


class Needs(IntEnum):
    """What a criterion has to know: weights alone, moments of activations, their covariances as well, or moments and
    some positions as they are."""

    WEIGHTS = 0
    MOMENTS = 1
    COVARIANCES = 2
    POSITIONS = 3


@dataclass(frozen=True, slots=True)
class Criterion:
    """A registered criterion and the first line of its docstring.

    aggregate: how it was published to put together what members of a group say; empty where it judges them jointly;
    trials: whether it runs masked models besides; gradients: whether it asks for gradients, which takes torch; losses:
    whether scores are losses, so that those of several groups compare and add up
    """

    name: str
    function: Function
    summary: str
    needs: Needs = Needs.WEIGHTS
    aggregate: str = ""
    trials: bool = False
    gradients: bool = False
    losses: bool = False

    @property
    def looks_at(self) -> str:
        """What it has to know, in words."""
        more = [word for word, asked in (("trials", self.trials), ("gradients", self.gradients)) if asked]
        return ", ".join([self.needs.name.lower(), *more])

    def aggregation(self, asked: str = "") -> str:
        """The aggregation that is asked for, by default its own; empty where it judges all members jointly.

        Raises InputError for one that isn't known, and where it can't be asked for.
        """
        if not asked:
            return self.aggregate
        if not self.aggregate:
            others = ", ".join(c.name for c in criteria() if c.aggregate)
            lacking = f"the criterion '{self.name}' has no values of single members to aggregate as '{asked}'"
            raise InputError(f"{lacking}; these have: {others}")
        return checked(asked)


_CRITERIA: Registry[Criterion] = Registry("criterion")
criteria = _CRITERIA.all
get = _CRITERIA.get


def criterion(
    name: str,
    needs: Needs = Needs.WEIGHTS,
    *,
    aggregate: str = "",
    trials: bool = False,
    gradients: bool = False,
    losses: bool = False,
) -> Callable[[Function], Function]:
    """Register a function as the criterion `name`.

    aggregate: how it puts together values of single members, by `Context.aggregated`, unless the user says otherwise;
    trials: whether it asks for `Context.trials`; gradients: whether it asks for `Context.gradients`; losses: whether
    its scores are losses, which compare across groups (the default budget then is another one)
    """

    def register(function: Function) -> Function:
        _CRITERIA.add(Criterion(name, function, first_line(function), needs, aggregate, trials, gradients, losses))
        return function

    return register


def score(
    analysis: Analysis,
    groups: Iterable[Group],
    name: str,
    seed: int = 0,
    activations: Activations | None = None,
    aggregate: str = "",
    trials: Trials | None = None,
    gradients: Gradients | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    samples: int = 1,
    progress: Progress = silent,
) -> dict[str, np.ndarray]:
    """Group id -> scores [units], float64, finite.

    aggregate: how values of single members are put together, by default as published; the others as in `Context`.
    Raises InputError where the criterion has none.
    """
    found = get(name)
    how = found.aggregation(aggregate) or "sum"  # of the weights, where no layer reads what is judged jointly
    random, chosen = np.random.default_rng(seed), list(groups)
    tried = trials if found.trials else None
    context = Context(analysis, Statistics(), random, activations, how, chosen, tried, gradients, shapes or {}, samples)
    step = Steps(silent if found.trials or found.gradients else progress, "scoring groups", len(chosen))  # others tell
    return {g.id: np.nan_to_num(np.asarray(found.function(context, g), np.float64)) for g in step.each(chosen)}
