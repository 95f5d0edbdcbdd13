"""Which patterns the zeros of a weight follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onnxprune.sparse.pattern import Pattern, sparsity_of

Array = np.ndarray

COMMON = ("64x1", "16x1", "8x8", "4x1", "1x16", "2:4", "unstructured")
"""The coarsest first."""

NEARLY = 0.95
"""A pattern is followed where it covers this share of the zeros."""


@dataclass(frozen=True, slots=True)
class Zeros:
    """Of one weight. sparsity: the fraction of zeros; covered: pattern -> the fraction of elements that whole blocks
    of zeros have (n:m: what it takes away where no group has more than n others, else 0); follows: the coarsest pattern
    that covers nearly all zeros, empty where there are none"""

    sparsity: float
    covered: dict[str, float]
    follows: str


def zeros_of(weight: Array, patterns: tuple[str, ...] = COMMON) -> Zeros:
    """What there is in a weight [outputs, inputs]."""
    sparsity = sparsity_of(weight)
    shares = {name: covered(weight, Pattern.parse(name)) for name in patterns}
    fits = (name for name, share in shares.items() if sparsity > 0 and share >= NEARLY * sparsity)
    return Zeros(sparsity, shares, next(fits, ""))


def covered(weight: Array, pattern: Pattern) -> float:
    """The fraction of elements that a pattern leaves out, as `Zeros.covered`."""
    there = weight != 0
    if pattern.kept:
        within = pattern.mask(there.astype(np.float32), 0)
        return 0.0 if (there & ~within).any() else float(1 - within.mean())
    empty = pattern.summed(there.astype(np.float32)) == 0
    return float(pattern.spread(empty, weight.shape).mean())
