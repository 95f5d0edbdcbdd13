"""Value: the units go whose scores are lowest for the work that they cause."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.registry import Work, budget


@budget("value")
def value(candidates: Sequence[Candidate], work: Work) -> Callable[[float], list[float]]:
    """One threshold on score per multiply-accumulate (the greedy solution of the knapsack, Dantzig 1957).

    For criteria whose scores are errors, which compare across groups. Per time, where that is what the target limits.
    """
    worth = [np.sort(c.scores) / _work_per_unit(c, work) for c in candidates]
    ranked = np.sort(np.concatenate(worth)) if worth else np.zeros(0)

    def widths(level: float) -> list[float]:
        if level >= 1 or not ranked.size:
            return [float(c.group.size) for c in candidates]
        threshold = ranked[min(int((1 - level) * ranked.size), ranked.size - 1)]
        return [float(len(w) - np.searchsorted(w, threshold)) for w in worth]

    return widths


def _work_per_unit(candidate: Candidate, work: Work) -> float:
    atom, size = candidate.group.atom, candidate.group.size
    if work.time is not None:
        return max(-work.time.change({}, atom, 0) / size, 1e-9)
    return max(-work.macs.change({}, atom, 0) / size, 1.0)
