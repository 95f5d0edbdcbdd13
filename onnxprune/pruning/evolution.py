"""A search over the widths of all groups, by what the model's outputs lose without any repair.

The search of Li et al. 2025, "Týr-the-Pruner": widths move in pairs, one group a step narrower and others as much wider
as the target allows, and a move that loses less is kept. Týr tries layers that are repaired already; here trials are
masks, of which hundreds are made in a minute, and repair comes once, at the end.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from onnxprune.budget import Candidate, Cost, Fit
from onnxprune.calibration import Trials
from onnxprune.errors import InputError
from onnxprune.progress import Stage
from onnxprune.pruning.decide import Decision, settled
from onnxprune.pruning.options import Options

Widths = tuple[int, ...]
"""Units that stay, of every group that is offered."""

PARENTS = 8
"""So many of the best are changed further."""

MOVES = 3
"""At the most, on the way from a parent to what is tried next."""

IDLE = 300
"""After so many changes in a row that lead to what was tried already, there is nothing left to try."""


def check_minutes(options: Options) -> None:
    """Raise InputError where a search makes no sense with the other options."""
    minutes = options.search_minutes
    if minutes is None:
        return
    if not 0 < minutes < math.inf:
        raise InputError(f"--search-minutes {minutes:g}: should be more than 0")
    others = {"--plan": options.plan, "--max-loss": options.max_loss}
    for name in (name for name, given in others.items() if given is not None):
        raise InputError(f"--search-minutes and {name} can't go together: each decides how wide groups are")
    if options.target is not None and options.target.timed:
        raise InputError("--search-minutes needs a target in macs, params or size, which can be told without measuring")


class Minutes:
    """Whether so much time is left from now on."""

    def __init__(self, minutes: float) -> None:
        self._began, self._seconds = time.monotonic(), 60 * minutes

    def __call__(self) -> bool:
        return self.done() < 1

    def done(self) -> float:
        """The share of the time that has passed."""
        return (time.monotonic() - self._began) / self._seconds if self._seconds else 1.0


@dataclass(slots=True)
class Evolution:
    """What a search found. decision: the best; before, after: the losses of where it started, and of the best; trials:
    how many widths were tried"""

    decision: Decision
    before: float = 0.0
    after: float = 0.0
    trials: int = 0

    def __str__(self) -> str:
        return f"{self.trials} trials, loss without repair {self.before:.4g} to {self.after:.4g}"


def evolve(
    decision: Decision,
    cost: Cost,
    trials: Trials,
    seed: int,
    more: Callable[[], bool],
    done: Callable[[], float] = lambda: 0.0,
) -> Evolution:
    """Look for better widths than a decision's at no more than its target's cost, as long as there is to be more.

    Groups with a ratio of their own, or without a gate, stay as they are. A decision that misses its target is returned
    as it is. The same seed makes the same trials, as many as there is time for. done: the share of that which
    has passed, for those who wait.
    """
    if decision.target is None or not decision.met:
        return Evolution(decision)
    line = _Line(decision, cost, trials, np.random.default_rng(seed), done)
    line.run(more)
    return line.found()


@dataclass
class _Line:
    """Widths that were tried, and the best of them."""

    decision: Decision
    cost: Cost
    trials: Trials
    random: np.random.Generator
    done: Callable[[], float]
    losses: dict[Widths, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.offered = self.decision.offered
        masks, target = self.decision.masks, self.decision.target
        self.start = tuple(int(masks[c.group.id].sum()) if c.group.id in masks else c.group.size for c in self.offered)
        self.limit = self.cost.total() * (target.fraction if target else 1.0)
        self.steps = [c.finer(2) for c in self.offered]
        sizes = self.trials.sizes
        self.free = [i for i, c in enumerate(self.offered) if c.ratio is None and c.group.id in sizes]

    def run(self, more: Callable[[], bool]) -> None:
        self._try(self.start)
        idle = 0
        while self.free and idle < IDLE and more():
            best = sorted(self.losses, key=lambda widths: self.losses[widths])[:PARENTS]
            child = self._changed(best[int(self.random.integers(len(best)))])
            idle = idle + 1 if child in self.losses else 0
            if not idle:
                self._try(child)

    def found(self) -> Evolution:
        """The best; of equal ones the first."""
        best = min(self.losses, key=lambda widths: self.losses[widths])
        counts = {c.group.id: count for c, count in zip(self.offered, best, strict=True)}
        decision = settled(self.offered, Fit(counts, self._cost(best), True), self.cost.total())
        decision.target = self.decision.target
        return Evolution(decision, self.losses[self.start], self.losses[best], len(self.losses))

    def _try(self, widths: Widths) -> None:
        narrow = [(c, n) for c, n in zip(self.offered, widths, strict=True) if n < c.group.size]
        self.losses[widths] = self.trials.loss({c.group.id: c.keep(n).astype(float) for c, n in narrow})
        text = f"searching: {len(self.losses)} widths tried, loss {min(self.losses.values()):.4g}"
        self.trials.tell(Stage(text, self.done(), 1))

    def _changed(self, parent: Widths) -> Widths:
        widths = list(parent)
        for _ in range(int(self.random.integers(1, MOVES + 1))):
            narrowed = int(self.random.choice(self.free))
            widths[narrowed] = _below(self.steps[narrowed], widths[narrowed])
            self._widen(widths, narrowed)
        self._widen(widths, -1)
        return tuple(widths) if self._cost(widths) <= self.limit * (1 + 1e-9) else parent

    def _widen(self, widths: list[int], but: int) -> None:
        """Make groups wider, in any order, as long as that fits."""
        for place in self.random.permutation(self.free):
            before = widths[place]
            if place != but:
                widths[place] = self.steps[place].above(before)
                if self._cost(widths) > self.limit:
                    widths[place] = before

    def _cost(self, widths: Sequence[int]) -> float:
        return self.cost.total({c.group.atom: n for c, n in zip(self.offered, widths, strict=True)})


def _below(candidate: Candidate, count: int) -> int:
    """The next allowed width below, if there is one."""
    return max((count - 1) // candidate.step * candidate.step, min(candidate.lowest, count))
