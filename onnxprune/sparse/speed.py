"""How long a layer takes with so many zeros, beside the dense one: between sparsities that are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onnxprune.sparse.pattern import Pattern

Points = Sequence[tuple[float, float]]
"""Sparsity, and the sparse layer's time as a part of the dense one's; sparsities rise."""

LEAST_PART = 1e-3
STEPS = 100


@dataclass(frozen=True, slots=True)
class Speed:
    """Of one layer. rows: vectors of inputs in a call; dense: seconds, 0 where nobody knows; points: by pattern"""

    rows: int
    dense: float
    points: Mapping[str, Points]

    def part(self, pattern: Pattern, sparsity: float) -> float:
        """The time as a part of the dense layer's.

        On a line between the nearest sparsities known, for time is what every call takes plus so much for each block;
        on the line through the nearest two where it lies outside.
        """
        known = self.points[str(pattern)]
        if len(known) == 1:
            return max(known[0][1], LEAST_PART)
        at = min(max(sum(s < sparsity for s, _ in known), 1), len(known) - 1)
        (low, slow), (high, fast) = known[at - 1], known[at]
        found = slow + (fast - slow) * (sparsity - low) / (high - low)
        return max(found, known[-1][1] / 2, LEAST_PART)

    def gain(self, pattern: Pattern, sparsity: float) -> float:
        """How many times as fast."""
        return 1 / self.part(pattern, sparsity)

    def sparse(self, pattern: Pattern, sparsity: float) -> float:
        """Seconds; 0 where nobody knows the dense layer's."""
        return self.dense * self.part(pattern, sparsity)

    def least(self, pattern: Pattern, gain: float) -> float:
        """The least sparsity, in whole per cent, that makes the layer so many times as fast; above 1 if none does."""
        if pattern.sparsity is not None:
            return pattern.sparsity if self.gain(pattern, pattern.sparsity) >= gain else 2.0
        found = (s for s in np.arange(1, STEPS) / STEPS if self.gain(pattern, float(s)) >= gain)
        return float(next(found, 2.0))
