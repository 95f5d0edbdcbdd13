"""A target in time: decide by the estimate, time what was decided, estimate again with what was seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from onnxprune.budget import Candidate, Cost
from onnxprune.coupling import Analysis
from onnxprune.progress import Progress
from onnxprune.pruning.decide import Decision
from onnxprune.pruning.options import SLACK, Target
from onnxprune.pruning.stopwatch import Stopwatch

TRIALS = 4
LEAST = 1e-3
FARTHEST = 3.0
"""The next aim is at most so many times the nearest one, or this part of it."""


@dataclass
class Timing:
    """A search for the widths that take a fraction of the dense model's time."""

    stopwatch: Stopwatch
    analysis: Analysis
    shapes: dict[str, tuple[int, ...]]
    progress: Progress
    _cost: Cost | None = None

    def cost(self, candidates: Sequence[Candidate], target: Target) -> Cost:
        """What the groups' widths are estimated to take; the same estimate for all of a search."""
        if self._cost is None:
            self._cost = self.stopwatch.cost(self.analysis, candidates, target.fraction, self.shapes, self.progress)
        return self._cost

    def search(self, target: Target, decide: Callable[[Target], Decision]) -> Decision:
        """The slowest decision that was seen to meet a target, else the fastest; its fraction is what was seen.

        decide: aims at an estimate, which is corrected by what was seen
        """
        tried: list[Decision] = []
        seen: list[tuple[float, float]] = []
        for number in range(TRIALS):
            decision = decide(Target(target.quantity, aimed(target.fraction, seen)))
            if any(_counts(decision) == _counts(d) for d in tried):  # steps are too coarse to come any nearer
                break
            self.progress(f"timing the result, trial {number + 1}")
            reachable, estimate = decision.met, decision.fraction
            tried.append(self.seen(decision, target))
            seen.append((max(estimate, LEAST), decision.fraction))
            if near(decision.fraction, target) or not (reachable or decision.met):
                break
        met = [d for d in tried if d.met]
        return max(met, key=lambda d: d.fraction) if met else min(tried, key=lambda d: d.fraction)

    def seen(self, decision: Decision, target: Target) -> Decision:
        """The decision with the fraction of the time that was measured."""
        decision.fraction = self.stopwatch.trial(decision.offered, _counts(decision))
        decision.met, decision.target = target.allows(decision.fraction), target
        return decision


def aimed(fraction: float, seen: Sequence[tuple[float, float]]) -> float:
    """What estimate to aim at so that a fraction will be seen, by what estimates were and what was seen then (pairs).

    On a power law through the two that were seen nearest, one on either side where there are such; through one, in
    proportion to it.
    """
    if not seen:
        return fraction
    nearest = sorted(seen, key=lambda pair: abs(math.log(pair[1] / fraction)))
    aim, found = nearest[0]
    others = [pair for pair in nearest[1:] if (pair[1] - found) * (pair[0] - aim) > 0]
    others.sort(key=lambda pair: (pair[1] > fraction) == (found > fraction))
    power: float = math.log(others[0][0] / aim) / math.log(others[0][1] / found) if others else 1.0
    times: float = min(max((fraction / found) ** power, 1 / FARTHEST), FARTHEST)
    return min(max(aim * times, LEAST), 1.0)


def near(fraction: float, target: Target) -> bool:
    """Whether a target in time is met as closely as it can be measured."""
    return abs(fraction - target.fraction) <= SLACK * target.fraction


def _counts(decision: Decision) -> dict[str, int]:
    counts = {c.group.id: c.group.size for c in decision.offered}
    return counts | {name: int(mask.sum()) for name, mask in decision.masks.items()}
