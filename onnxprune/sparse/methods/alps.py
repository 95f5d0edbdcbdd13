"""Splitting: a dense weight that fits and a sparse one that follows the pattern are drawn to each other.

Meng et al. 2024, "ALPS: Improved Optimization for Highly Sparse One-Shot Pruning for Large Language Models": ADMM on
|X W - X D|^2 with D in the pattern, the penalty rho rising faster the more the support still moves, then conjugate
gradients on the support. Inputs are scaled to unit variance, so that a square of a weight is what it does by itself.
"""

from __future__ import annotations

import numpy as np

from onnxprune.sparse.registry import sparsifier
from onnxprune.sparse.support import conjugate_gradients, refitted
from onnxprune.sparse.task import Task, loss_of

Array = np.ndarray

RHO, LEAST_RHO = 0.1, 1e-5
MOST, EVERY, SWITCH = 300, 3, 30
"""Iterations at most; between looks at the support; after which a support that hardly moves is settled."""

PACE = ((0.1, 1.3), (0.005, 1.2), (0.0, 1.1))
"""Share of the support that moved between looks, and the factor on rho where it is above that."""

SETTLED = 3e-4

QUICK = 3
"""Steps that tell about how good the places are that the largest weights have."""


@sparsifier("alps")
def alps(task: Task) -> np.ndarray:
    """Splitting into a weight that fits and one of the pattern, refitted on its support (Meng et al. 2024, ALPS)."""
    scale = np.sqrt(task.variance)
    gram = task.damped / scale / scale[:, None]
    target = task.target * scale
    found, start = refitted(_split(task, target, gram), target, gram), _projected(task, target)
    quick = conjugate_gradients(start, target, gram, QUICK)
    if loss_of(quick, target, gram) < loss_of(found, target, gram):  # of a few weights, splitting may choose badly
        found = refitted(start, target, gram)
    return np.asarray(found / scale)


def _split(task: Task, target: Array, gram: Array) -> Array:
    """The sparse one of both, in unit variances."""
    from scipy import linalg  # takes longer to import than most of what doesn't need it takes to run

    values, vectors = linalg.eigh(gram, check_finite=False)
    values, vectors = np.maximum(values, 0).astype(np.float32), vectors.astype(np.float32)
    wanted = (target @ gram).astype(np.float32)
    start = _projected(task, target.astype(np.float32))
    rho = _Rho()
    sparse, pull, support = start, np.zeros_like(start), start != 0
    inverse = _inverse(values, vectors, rho.value)
    for number in range(1, MOST + 1):
        dense = (wanted - pull + rho.value * sparse) @ inverse
        sparse = _projected(task, dense + pull / rho.value)
        pull += rho.value * (dense - sparse)
        if number % EVERY:
            continue
        now = sparse != 0
        moved = int((now ^ support).sum()) / max(int(now.sum()), 1)
        support = now
        if rho.settles(moved, number):
            break
        if rho.begins_again:
            sparse, pull = start, np.zeros_like(start)
        inverse = _inverse(values, vectors, rho.value)
    return _projected(task, dense)


class _Rho:
    """The penalty. While nothing has moved yet it was too high to begin with."""

    def __init__(self) -> None:
        self.value = RHO
        self.begins_again = False
        self._moving = False

    def settles(self, moved: float, number: int) -> bool:
        """Take in what share of the support moved; whether it is over."""
        self.begins_again = False
        if (self._moving and moved == 0) or (number >= SWITCH and moved < SETTLED):
            return True
        if self._moving or moved > PACE[1][0]:
            self._moving = True
            self.value *= next(factor for above, factor in PACE if moved > above)
        elif self.value > LEAST_RHO:
            self.value, self.begins_again = self.value / 5, True
        else:
            return True
        return False


def _inverse(values: Array, vectors: Array, rho: float) -> Array:
    """(G + rho)^-1."""
    return np.asarray((vectors / (values + np.float32(rho))) @ vectors.T)


def _projected(task: Task, weight: Array) -> Array:
    return np.where(task.mask(np.square(weight)), weight, weight.dtype.type(0))
