"""Channels of convolutions and neurons of MLPs: exact groups that no attention is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from onnxprune.coupling import Analysis, Group
from onnxprune.pruning import Pass, learned


@dataclass(frozen=True)
class Channels(Pass):
    """Remove channels of convolutions and neurons of MLPs, residual widths included where that is exact."""

    name: ClassVar[str] = "channels"
    default: ClassVar[bool] = True

    def select(self, analysis: Analysis) -> Iterable[Group]:
        """Groups with a learned matrix or kernel that are neither heads nor inside a head."""
        return (g for g in analysis.prunable if learned(g) and not g.roles & {"head", "head_dim"})
