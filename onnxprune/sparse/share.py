"""The same number of zeros in all, more of them where they do less harm.

Every layer is asked what share of what it makes gets lost at several sparsities, on the dense model. The sum of these
is least, by the multiple-choice knapsack that budgets use, for as many zeros as an even sparsity would make.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from onnxprune.budget.multiple_choice import least_loss
from onnxprune.repair import Work
from onnxprune.sparse.line import Wanted
from onnxprune.sparse.lost import losses

Array = np.ndarray

STEPS = (-0.2, -0.15, -0.1, -0.05, 0.0, 0.04, 0.08, 0.12)
"""From the sparsity asked for."""

MOST = 0.98


def shared(work: Work, wanted: Mapping[str, Wanted]) -> dict[str, Wanted]:
    """The same layers with sparsities of their own; patterns that fix theirs keep it. work: without masks"""
    free = {name: want for name, want in wanted.items() if want.pattern.sparsity is None}
    if len(free) < 2:
        return dict(wanted)
    options = {name: _options(want) for name, want in free.items()}
    lost = losses(work, {name: (want, [want.pattern], options[name].tolist()) for name, want in free.items()})
    names = list(lost)
    sizes = {name: work.dense.weights[name].size for name in names}
    costs = [(1 - options[name]) * sizes[name] for name in names]
    room = sum((1 - free[name].sparsity) * sizes[name] for name in names)
    chosen = least_loss([lost[name][str(free[name].pattern)] for name in names], costs, room * (1 + 1e-6))
    if chosen is None:
        return dict(wanted)
    found = {name: float(options[name][at]) for name, at in zip(names, chosen, strict=True)}
    return {name: replace(want, sparsity=found.get(name, want.sparsity)) for name, want in wanted.items()}


def _options(want: Wanted) -> Array:
    return np.clip([want.sparsity + step for step in STEPS], want.least, max(MOST, want.sparsity))
