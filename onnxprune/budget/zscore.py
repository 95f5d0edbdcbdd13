"""Z-score: units go by how far their scores are below the average of their group, counted in its deviations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.ranked import above_threshold, work_per_unit
from onnxprune.budget.registry import Work, budget

Array = np.ndarray


@budget("zscore")
def zscore(candidates: Sequence[Candidate], work: Work) -> Callable[[float], list[float]]:
    """One threshold over all scores, standardised within each group (An et al. 2024, FLAP's adaptive structure).

    (score - mean) / sample deviation, 0 where all scores are alike. Units weigh what they cost, as FLAP's heads weigh
    more than its neurons: a level is the share of the multiply-accumulates (or time) of those that stay. FLAP
    standardises the columns of a layer and averages a head's; here the unit's score is standardised, by whatever
    criterion.
    """
    weights = [work_per_unit(c, work) for c in candidates]
    return above_threshold([_standardised(c.scores) for c in candidates], weights)


def _standardised(scores: Array) -> Array:
    deviation = float(scores.std(ddof=1)) if len(scores) > 1 else 0.0
    if deviation <= 1e-12 * float(np.abs(scores).max(initial=0.0)):
        return np.zeros(len(scores))
    return np.asarray((scores - scores.mean()) / deviation)
