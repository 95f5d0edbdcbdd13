"""ECoFLaP: what stays of a group rises with how steep the loss is along its units, by forward runs alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.registry import Needs, Work, budget
from onnxprune.calibration import Trials
from onnxprune.progress import counted

Array = np.ndarray

DRAWS = 8
"""Random directions for every group; each takes two runs over some data."""

STEP = 0.01
"""Standard deviation of what gates are moved by."""

SLACK = 0.1
"""Of a group, at the most, less stays by so much than of all: the authors prune 60 %, and up to 70 % of a layer."""


@budget("ecoflap", Needs.TRIALS)
def ecoflap(candidates: Sequence[Candidate], work: Work) -> Callable[[float], list[float]]:
    """Shares by zeroth-order estimates of each group's gradient (Sung et al. 2024, "ECoFLaP", its coarse step).

    The estimate is |L(1 + e z) - L(1 - e z)| / 2 e, on average over z from a normal distribution: here by factors of
    the units, where the authors move weights; L needs no labels (`onnxprune.runtime.loss.Surprise`). Of every group a
    little less stays than of the whole model, and what is left is handed out in proportion to the estimates, in
    multiply-accumulates (or in time) where the authors count weights. Groups that can't be masked count as the average
    one.
    """
    steep = steepness(candidates, None if work.trials is None else work.trials())
    cost = work.macs if work.time is None else work.time
    total = np.array([max(-cost.change({}, c.group.atom, 0), 1e-9) for c in candidates])

    def widths(level: float) -> list[float]:
        least = max(level - SLACK, 0.0) * total
        stays = least + handed_out(level * total.sum() - least.sum(), steep, total - least)
        return [float(share) * c.group.size for share, c in zip(stays / total, candidates, strict=True)]

    return widths


def steepness(candidates: Sequence[Candidate], trials: Trials | None) -> Array:
    """The estimate for every group."""
    found = np.full(len(candidates), np.nan)
    for number, candidate in enumerate(candidates):
        if trials is not None and candidate.group.id in trials.sizes:
            trials.tell(counted("probing group", number, len(candidates)))
            found[number] = _slope(candidate, trials)
    usual = float(np.nanmean(found)) if np.isfinite(found).any() else 1.0
    return np.asarray(np.maximum(np.where(np.isfinite(found), found, usual), 1e-12))


def _slope(candidate: Candidate, trials: Trials) -> float:
    random, name, slopes = np.random.default_rng(0), candidate.group.id, []
    for _ in range(DRAWS):
        moved = STEP * random.standard_normal(candidate.group.size)
        up, down = (trials.surprise({name: 1 + side * moved}) for side in (1, -1))
        slopes.append(abs(up - down) / (2 * STEP))
    return float(np.mean(slopes)) if all(map(math.isfinite, slopes)) else math.nan


def handed_out(total: float, shares: Array, room: Array) -> Array:
    """An amount handed out in proportion to shares; what there is no room for goes to the others."""
    given, weight = np.zeros(len(shares)), float(shares.sum())
    for place in np.argsort(room / shares, kind="stable"):  # who is full first goes first
        given[place] = min(room[place], total * shares[place] / weight)
        total, weight = total - given[place], max(weight - shares[place], 1e-30)
    return given
