"""Global: the least useful units of the whole model go, whichever group they are in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.registry import Work, budget


@budget("global")
def global_rank(candidates: Sequence[Candidate], _: Work) -> Callable[[float], list[float]]:
    """One threshold over all scores, each group's divided by their mean so that groups compare."""
    scaled = [np.sort(c.scores / max(float(np.abs(c.scores).mean()), 1e-30)) for c in candidates]
    ranked = np.sort(np.concatenate(scaled)) if scaled else np.zeros(0)

    def widths(level: float) -> list[float]:
        if level >= 1 or not ranked.size:
            return [float(c.group.size) for c in candidates]
        threshold = ranked[min(int((1 - level) * ranked.size), ranked.size - 1)]
        return [float(len(s) - np.searchsorted(s, threshold)) for s in scaled]

    return widths
