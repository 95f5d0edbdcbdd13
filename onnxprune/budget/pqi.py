"""PQ index: groups whose scores are uneven lose more than those whose scores are alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.registry import Work, budget

Array = np.ndarray

P, Q = 0.5, 1.0
"""The norms that are compared, as in the paper's experiments."""


@budget("pqi")
def pqi(candidates: Sequence[Candidate], _: Work) -> Callable[[float], list[float]]:
    """Keeps more where scores are even, by the PQ index (Diao et al. 2023, "Sparsity-informed Adaptive Pruning").

    I = 1 - d^(1/q - 1/p) |s|_p / |s|_q of a group's d scores (norms of weights with `l1` or `l2`) bounds how few of
    them hold nearly all: r = d (1 + eta)^(-q / (q - p)) (1 - I)^(p q / (q - p)). Of the d - r others a share gamma
    goes. The upper half of the levels takes gamma from 0 to 1 at eta = 0; the lower half, for smaller targets, raises
    eta from there, which takes the same share of what every group has left.
    """
    bounds = [_bound(np.abs(c.scores)) for c in candidates]

    def widths(level: float) -> list[float]:
        gamma, slack = min(2 - 2 * level, 1.0), min(2 * level, 1.0)
        return [slack * (1 - gamma * (1 - bound)) * c.group.size for bound, c in zip(bounds, candidates, strict=True)]

    return widths


def _bound(scores: Array) -> float:
    """The bound without slack, as a share of the scores; 1 where all are zero."""
    largest = float(scores.max(initial=0.0))
    if largest <= 0:
        return 1.0
    scaled = scores / largest
    index = 1 - float(len(scores) ** (1 / Q - 1 / P)) * _norm(scaled, P) / _norm(scaled, Q)
    return float(max(1 - index, 0.0) ** (P * Q / (Q - P)))


def _norm(values: Array, power: float) -> float:
    return float(np.sum(values**power) ** (1 / power))
