"""One term of a cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from onnxprune.coupling.terms import Atom, Term, length

Counts = Mapping[Atom, int]


@dataclass(frozen=True, slots=True)
class Monomial:
    """`factor` times the lengths of `axes`; label: the node or tensor it belongs to."""

    label: str
    factor: float
    axes: tuple[Term, ...]

    def value(self, counts: Counts) -> float:
        return self.factor * math.prod(length(t, lambda a: counts.get(a, a.size or 1)) for t in self.axes)
