"""The registry of budgets: how many units each group should keep when the model as a whole keeps a fraction of them.

There are two kinds. Most share out by a *level*, and `fit` searches the level that meets a target. Others choose the
widths for a target themselves. Both are asked through `Budget.fit`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.cost import Cost
from onnxprune.budget.fit import PARTS, Choose, Fit, choose, fit
from onnxprune.calibration import Likeness, Trials
from onnxprune.registry import Registry
from onnxprune.words import first_line


@dataclass(frozen=True, slots=True)
class Work:
    """What a budget may know besides scores.

    macs, traffic: the work that units cause, multiply-accumulates, and elements moved for them; time: measured, where
    the target is stated in it; likeness: by group id, what its block does to what it reads on data, where it has one;
    trials: runs of the model under masks of the candidates on data. The last two are made when they are asked for, and
    None where nobody can make any
    """

    macs: Cost
    traffic: Cost
    time: Cost | None = None
    likeness: Callable[[], Mapping[str, Likeness]] | None = None
    trials: Callable[[], Trials] | None = None


class Needs(IntEnum):
    """What a budget has to know: scores alone, or as well what data say of blocks, or of masks that are tried."""

    SCORES = 0
    BLOCKS = 1
    TRIALS = 2


Widths = Callable[[Sequence[Candidate], Work], Callable[[float], list[float]]]
"""Prepares for some candidates and returns a function from a level in [0, 1] to wanted units per candidate.

The function must not decrease with the level; level 1 keeps everything.
"""


@dataclass(frozen=True, slots=True)
class Budget:
    """A registered budget, of one kind or the other, and the first line of its docstring."""

    name: str
    summary: str
    needs: Needs = Needs.SCORES
    widths: Widths | None = None
    choose: Choose | None = None

    def fit(
        self,
        candidates: Sequence[Candidate],
        work: Work,
        cost: Cost,
        target: float | None,
        finer: Sequence[int] = PARTS,
    ) -> Fit:
        """Widths whose cost is at most `target` (None: only fixed ratios change anything), by parts of steps too."""
        if target is None:
            return fit(candidates, lambda _: [], cost, None)
        if self.choose is not None:
            return choose(candidates, self.choose, cost, target, finer)
        assert self.widths is not None
        return fit(candidates, self.widths(candidates, work), cost, target, finer)


_BUDGETS: Registry[Budget] = Registry("budget")
budgets = _BUDGETS.all
get = _BUDGETS.get


def budget(name: str, needs: Needs = Needs.SCORES) -> Callable[[Widths], Widths]:
    """Register a function that shares out by a level as the budget `name`."""

    def register(function: Widths) -> Widths:
        _BUDGETS.add(Budget(name, first_line(function), needs, widths=function))
        return function

    return register


def direct_budget(name: str) -> Callable[[Choose], Choose]:
    """Register a function that chooses widths for a target as the budget `name`."""

    def register(function: Choose) -> Choose:
        _BUDGETS.add(Budget(name, first_line(function), choose=function))
        return function

    return register
