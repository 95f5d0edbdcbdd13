"""Threshold: the units with the lowest scores go, as the criterion has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.ranked import above_threshold
from onnxprune.budget.registry import Work, budget


@budget("threshold")
def threshold(candidates: Sequence[Candidate], _: Work) -> Callable[[float], list[float]]:
    """One threshold over all scores as they are (Gupta et al. 2022, "Global MP"); `global` makes groups compare.

    For criteria whose scores mean the same in every group, as `magnitude`. The floor of every group holds, as for every
    budget: no layer collapses.
    """
    return above_threshold([c.scores for c in candidates], [1.0] * len(candidates))
