"""One threshold over the units of all groups: those below it go, whichever group they are in."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.registry import Work

Array = np.ndarray


def above_threshold(values: Sequence[Array], weights: Sequence[float]) -> Callable[[float], list[float]]:
    """The widths of a budget that ranks: a level is the share of all weight that units above the threshold have.

    values: what units of each group are ranked by [units]; weights: of one unit of each group
    """
    ordered = [np.sort(found) for found in values]
    ranked = np.concatenate(ordered) if ordered else np.zeros(0)
    order = np.argsort(ranked, kind="stable")
    ranked = ranked[order]
    passed = np.cumsum(np.repeat(np.asarray(weights, float), [len(found) for found in ordered])[order])

    def widths(level: float) -> list[float]:
        if level >= 1 or not ranked.size:
            return [float(len(found)) for found in ordered]
        place = int(np.searchsorted(passed, (1 - level) * passed[-1], side="right"))
        threshold = ranked[min(place, ranked.size - 1)]
        return [float(len(found) - np.searchsorted(found, threshold)) for found in ordered]

    return widths


def work_per_unit(candidate: Candidate, work: Work) -> float:
    """What a unit of a group causes in the dense model: multiply-accumulates, at least 1, or time, where it counts."""
    atom, size = candidate.group.atom, candidate.group.size
    if work.time is not None:
        return max(-work.time.change({}, atom, 0) / size, 1e-9)
    return max(-work.macs.change({}, atom, 0) / size, 1.0)
