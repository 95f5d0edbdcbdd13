"""Uniform: every group keeps the same fraction of its units."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.registry import Work, budget


@budget("uniform")
def uniform(candidates: Sequence[Candidate], _: Work) -> Callable[[float], list[float]]:
    """Every group keeps the same fraction of its units."""
    return lambda level: [level * c.group.size for c in candidates]
