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
from onnxprune.repair.line import in_line
from onnxprune.repair.observed import Observed
from onnxprune.sparse.line import Wanted, matrix
from onnxprune.sparse.registry import get
from onnxprune.sparse.support import conjugate_gradients

Array = np.ndarray

STEPS = (-0.2, -0.15, -0.1, -0.05, 0.0, 0.04, 0.08, 0.12)
"""From the sparsity asked for."""

MOST = 0.98

QUICK, SOLVED = "wanda", 3
"""A method that tells losses apart in no time, and steps towards what the weights that stay can make up for."""


def shared(work: Work, wanted: Mapping[str, Wanted]) -> dict[str, Wanted]:
    """The same layers with sparsities of their own; patterns that fix theirs keep it. work: without masks"""
    free = {name: want for name, want in wanted.items() if want.pattern.sparsity is None}
    if len(free) < 2:
        return dict(wanted)
    by_weight = {work.dense.layers[name].stored.name: name for name in free}
    losses: dict[str, Array] = {}

    def look(seen: Observed) -> tuple[None, None]:
        name = by_weight[seen.stored]
        losses[name] = _losses(seen, free[name], work.damping)
        return None, None

    in_line(work, look, [name for name in work.dense.layers if name in free], biased=False)
    names = list(losses)
    options = {name: _options(free[name]) for name in names}
    sizes = {name: work.dense.weights[name].size for name in names}
    costs = [(1 - options[name]) * sizes[name] for name in names]
    room = sum((1 - free[name].sparsity) * sizes[name] for name in names)
    chosen = least_loss([losses[name] for name in names], costs, room * (1 + 1e-6))
    if chosen is None:
        return dict(wanted)
    found = {name: float(options[name][at]) for name, at in zip(names, chosen, strict=True)}
    return {name: replace(want, sparsity=found.get(name, want.sparsity)) for name, want in wanted.items()}


def _options(want: Wanted) -> Array:
    return np.clip([want.sparsity + step for step in STEPS], want.least, max(MOST, want.sparsity))


def _losses(seen: Observed, want: Wanted, damping: float) -> Array:
    """The share of the variance of what the layer makes that is lost at each option."""
    target, gram = matrix(seen.weight), seen.covariance[0]
    found = []
    for sparsity in _options(want):
        task = replace(want, sparsity=float(sparsity)).task(target, gram, damping)
        weight = conjugate_gradients(get(QUICK).function(task), target, task.damped, SOLVED)
        found.append(task.loss(weight) / max(task.loss(np.zeros_like(target)), 1e-300))
    return np.array(found)
