"""Value: the units go whose scores are lowest for the work that they cause."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.ranked import above_threshold, work_per_unit
from onnxprune.budget.registry import Work, budget


@budget("value")
def value(candidates: Sequence[Candidate], work: Work) -> Callable[[float], list[float]]:
    """One threshold on score per multiply-accumulate (the greedy solution of the knapsack, Dantzig 1957).

    For criteria whose scores are errors, which compare across groups. Per time, where that is what the target limits.
    """
    worth = [c.scores / work_per_unit(c, work) for c in candidates]
    return above_threshold(worth, [1.0] * len(candidates))
