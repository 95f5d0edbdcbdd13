"""One term of a cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from onnxprune.coupling.terms import Atom, Term, length

Counts = Mapping[Atom, int]

BLOCK = 16
"""Channels that kernels compute at once."""


class Counting(Enum):
    """What of an axis's length counts: all of it, that in whole blocks, or only whether a block is broken (1 or 0)."""

    LENGTH = "length"
    BLOCKS = "blocks"
    BROKEN = "broken"

    def of(self, size: int) -> int:
        """What counts of a length."""
        if self is Counting.BLOCKS:
            return -(-size // BLOCK) * BLOCK
        return int(size % BLOCK != 0) if self is Counting.BROKEN else size


@dataclass(frozen=True, slots=True)
class Monomial:
    """`factor` times the lengths of `axes`; label: the node or tensor it belongs to.

    counting: what of every length counts, where that is not all of it
    """

    label: str
    factor: float
    axes: tuple[Term, ...]
    counting: tuple[Counting, ...] = ()

    def value(self, counts: Counts) -> float:
        lengths = [length(t, lambda a: counts.get(a, a.size or 1)) for t in self.axes]
        if self.counting:
            lengths = [counting.of(one) for one, counting in zip(lengths, self.counting, strict=True)]
        return self.factor * math.prod(lengths)
