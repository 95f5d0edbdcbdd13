"""The residual width of a network, where something normalises over it: removal is inexact there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from onnxprune.coupling import Analysis, Group
from onnxprune.pruning import Pass, learned


@dataclass(frozen=True)
class Hidden(Pass):
    """Remove units of the width that runs through the whole network, normalised ones included.

    What is left normalises over fewer units, so the result is the network at the smaller width, not the masked one;
    plans mark such groups as not exact.
    """

    name: ClassVar[str] = "hidden"
    exact: ClassVar[bool] = False

    floor: float = 0.25

    def select(self, analysis: Analysis) -> Iterable[Group]:
        """Inexact groups with learned weights that are no heads."""
        return (g for g in analysis.prunable if g.inexact and learned(g) and not g.roles & {"head", "head_dim"})
