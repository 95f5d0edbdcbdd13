"""Threshold: the units with the lowest scores go, as the criterion has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.registry import Work, budget


@budget("threshold")
def threshold(candidates: Sequence[Candidate], _: Work) -> Callable[[float], list[float]]:
    """One threshold over all scores as they are (Gupta et al. 2022, "Global MP"); `global` makes groups compare.

    For criteria whose scores mean the same in every group, as `magnitude`. The floor of every group holds, as for every
    budget: no layer collapses.
    """
    scores = [np.sort(c.scores) for c in candidates]
    ranked = np.sort(np.concatenate(scores)) if scores else np.zeros(0)

    def widths(level: float) -> list[float]:
        if level >= 1 or not ranked.size:
            return [float(c.group.size) for c in candidates]
        lowest = ranked[min(int((1 - level) * ranked.size), ranked.size - 1)]
        return [float(len(s) - np.searchsorted(s, lowest)) for s in scores]

    return widths
