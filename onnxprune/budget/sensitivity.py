"""Sensitivity: how much may go from which group, by what the model's outputs lose as a group narrows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.registry import Needs, Work, budget
from onnxprune.budget.value import value
from onnxprune.calibration import Trials
from onnxprune.progress import counted

Array = np.ndarray

LEVELS = 8
"""Widths that are tried of every group: a curve has so many pieces."""


@budget("sensitivity", Needs.TRIALS)
def sensitivity(candidates: Sequence[Candidate], work: Work) -> Callable[[float], list[float]]:
    """One threshold on what outputs lose per multiply, by measured curves (Li et al. 2017, sensitivity of each layer).

    Every group is narrowed alone, in the order of its scores and without repair, to eighths of its width; the loss is
    the divergence of the model's outputs on data. Curves are made convex, so that what a unit more costs rises along
    them; with that for a score it is the budget `value`. Groups that can't be masked count as the average one. It takes
    eight runs over some data for every group.
    """
    trials = None if work.trials is None else work.trials()
    if trials is None:
        return value(candidates, work)
    measured: dict[str, Array] = {}
    for number, candidate in enumerate(candidates):
        if candidate.group.id in trials.sizes:
            trials.tell(counted("narrowing group", number, len(candidates)))
            measured[candidate.group.id] = marginal(candidate, trials)
    usual = float(np.mean(np.concatenate(list(measured.values())))) if measured else 1.0
    return value([replace(c, scores=_scores(c, measured.get(c.group.id), usual)) for c in candidates], work)


def _scores(candidate: Candidate, measured: Array | None, usual: float) -> Array:
    if measured is not None:
        return measured
    return np.asarray(candidate.scores * (usual / max(float(np.abs(candidate.scores).mean()), 1e-30)))


def marginal(candidate: Candidate, trials: Trials) -> Array:
    """What the loss rises by when each unit goes after all that score less: [units], rising with the scores."""
    size = candidate.group.size
    counts = sorted({max(round(size * k / LEVELS), candidate.lowest) for k in range(LEVELS)} | {size}, reverse=True)
    gates = [{candidate.group.id: candidate.keep(count).astype(float)} for count in counts]
    losses = np.array([trials.loss(gate) for gate in gates])
    finite = losses[np.isfinite(losses)]
    losses = np.maximum.accumulate(np.minimum(losses, finite.max() if finite.size else 0.0))
    at, low = _hull(size - np.array(counts), losses)
    rises = np.zeros(size)
    if len(at) > 1:
        middles, slopes = (at[1:] + at[:-1]) / 2, np.diff(low) / np.diff(at)
        rises = np.interp(np.arange(size) + 0.5, middles, slopes)
    scores = np.zeros(size)
    scores[np.argsort(-candidate.scores, kind="stable")[::-1]] = rises
    return scores


def _hull(at: Array, values: Array) -> tuple[Array, Array]:
    """The corners of the lower convex hull of points from left to right."""
    kept: list[int] = []
    for i in range(len(at)):
        while len(kept) > 1 and _above(at, values, kept[-2], kept[-1], i):
            kept.pop()
        kept.append(i)
    return at[kept], values[kept]


def _above(at: Array, values: Array, left: int, middle: int, right: int) -> bool:
    """Whether a point lies on or above the line between two others."""
    share = (at[middle] - at[left]) / (at[right] - at[left])
    return bool(values[middle] >= values[left] + share * (values[right] - values[left]))
