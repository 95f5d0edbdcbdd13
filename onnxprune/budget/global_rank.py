"""Global: the least useful units of the whole model go, whichever group they are in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.ranked import above_threshold
from onnxprune.budget.registry import Work, budget


@budget("global")
def global_rank(candidates: Sequence[Candidate], _: Work) -> Callable[[float], list[float]]:
    """One threshold over all scores, each group's divided by their mean so that groups compare."""
    scaled = [c.scores / max(float(np.abs(c.scores).mean()), 1e-30) for c in candidates]
    return above_threshold(scaled, [1.0] * len(candidates))
