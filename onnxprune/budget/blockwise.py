"""What budgets that look at blocks have in common: how important the block of each candidate is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.registry import Work
from onnxprune.calibration import Likeness


def importance(candidates: Sequence[Candidate], work: Work, measure: Callable[[Likeness], float]) -> np.ndarray:
    """The measure of every candidate's block less the mean of all, [candidates].

    A candidate without a block, as all are in a chain without additions, has an average one: 0.
    """
    likeness = {} if work.likeness is None else work.likeness()
    known = [likeness.get(c.group.id) for c in candidates]
    measured = [measure(found) for found in known if found is not None]
    middle = float(np.mean(measured)) if measured else 0.0
    return np.array([0.0 if found is None else measure(found) - middle for found in known])
