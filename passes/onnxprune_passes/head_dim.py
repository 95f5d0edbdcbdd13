"""Dimensions inside attention heads: of queries and keys together, and of values with the output projection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from onnxprune.coupling import Analysis, Group
from onnxprune.errors import InputError
from onnxprune.pruning import BLOCK, Pass, learned


@dataclass(frozen=True)
class HeadDim(Pass):
    """Remove dimensions of every head alike; under rotary embedding they go in pairs.

    step of 8 unless aligned otherwise: a head's width is the inner length of two matrix products.
    """

    name: ClassVar[str] = "head_dim"
    reserve: ClassVar[bool] = True

    floor: float = 0.25

    def select(self, analysis: Analysis) -> Iterable[Group]:
        """Groups inside heads."""
        return (g for g in analysis.prunable if "head_dim" in g.roles and "head" not in g.roles and learned(g))

    def step(self, group: Group, block: int = BLOCK) -> int:
        """Multiples of 8 dimensions, 4 pairs under rotary embedding."""
        if self.align:
            return self.align
        return 8 if group.size % 8 == 0 and group.size > 8 else 4 if group.size % 4 == 0 and group.size > 4 else 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.floor <= 0:
            raise InputError("pass head_dim: floor must be above 0")
