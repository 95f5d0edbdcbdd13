"""Knapsack: the widths that lose the least score and meet the target, all groups at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.cost import Cost
from onnxprune.budget.fit import ROUNDING
from onnxprune.budget.multiple_choice import least_loss
from onnxprune.budget.registry import direct_budget
from onnxprune.coupling.terms import Atom

Array = np.ndarray

ROUNDS = 24
"""Costs are linearised anew so often at the most; a handful does as a rule."""

TIGHTER = 8
"""So often the room is made smaller where what fits a linear cost is too dear by the true one."""


@direct_budget("knapsack")
def knapsack(candidates: Sequence[Candidate], held: Mapping[Atom, int], cost: Cost, target: float) -> dict[Atom, int]:
    """Widths that lose the least score within the target (Aflalo et al. 2020, "Knapsack Pruning").

    What a group loses is the sum of its lowest scores, so scores have to compare across groups. Those of `obs` and
    `thinet` are rises of an error, each after the units before it: their sum is the error of all that went.

    Costs are products over groups. They are linearised around a solution, where the cost of changing one group, to any
    width, is exact, and that of changing several is off by what these have in common; the problem with the linear cost
    is a knapsack with one choice for each group, solved to the optimum; and so on around its solution, until it stays
    where it is or comes back. The result meets the target by the true cost, and is the best there is where costs are
    sums over groups; else no better one is known by the cost linear around it, which is no proof.
    """
    if not candidates:
        return {}
    line = Line(candidates, held, cost, target)
    if not line.settles(line.dense):
        line.improve()
    return line.best


class Line:
    """A way from one linearisation to the next. best: the least lossy widths that meet the target so far."""

    def __init__(self, candidates: Sequence[Candidate], held: Mapping[Atom, int], cost: Cost, target: float) -> None:
        self.cost, self.target, self.held = cost, target, held
        self.atoms = [c.group.atom for c in candidates]
        self.widths = [c.allowed for c in candidates]
        self.losses = [_losses(c) for c in candidates]
        self.dense = self._counts([len(options) - 1 for options in self.widths])
        self.best = self._counts([0] * len(self.widths))

    def settles(self, here: dict[Atom, int]) -> bool:
        """Linearise where the last solution is, dear or not, until one comes again; whether that is the best and its
        own solution."""
        seen: list[dict[Atom, int]] = []
        while here not in seen and len(seen) < ROUNDS:
            seen.append(here)
            here = self._solved(here, self._room(here)) or self.best
            self._note(here)
        return here == seen[-1] == self.best

    def improve(self) -> None:
        """Linearise at the best solution, with less room where what fits is too dear, as long as that finds better."""
        before: dict[Atom, int] = {}
        while before != self.best:
            before, room = self.best, self._room(self.best)
            for _ in range(TIGHTER):
                found = self._solved(before, room)
                if found is None or self._note(found):
                    break
                room -= max(-self._room(found), 1e-6 * self.target)

    def _room(self, counts: dict[Atom, int]) -> float:
        return self.target - self.cost.total(counts)

    def _solved(self, here: dict[Atom, int], room: float) -> dict[Atom, int] | None:
        """The best widths by the cost that is linear around some counts."""
        pairs = zip(self.atoms, self.widths, strict=True)
        changes = [np.array([self.cost.change(here, atom, width) for width in options]) for atom, options in pairs]
        chosen = least_loss(self.losses, changes, room)
        return None if chosen is None else self._counts(chosen)

    def _note(self, counts: dict[Atom, int]) -> bool:
        """Keep widths that meet the target and lose less than the best; whether they meet it."""
        meets = self._room(counts) >= -ROUNDING * self.target
        if meets and self._loss(counts) < self._loss(self.best):
            self.best = counts
        return meets

    def _loss(self, counts: dict[Atom, int]) -> float:
        parts = zip(self.atoms, self.widths, self.losses, strict=True)
        return sum(float(losses[options.index(counts[atom])]) for atom, options, losses in parts)

    def _counts(self, chosen: Sequence[int]) -> dict[Atom, int]:
        parts = zip(self.atoms, self.widths, chosen, strict=True)
        return {**self.held, **{atom: options[index] for atom, options, index in parts}}


def _losses(candidate: Candidate) -> Array:
    """The sum of the scores that go, for every allowed width."""
    lost = np.concatenate([[0.0], np.cumsum(np.sort(candidate.scores))])
    return np.array([lost[candidate.group.size - width] for width in candidate.allowed])
