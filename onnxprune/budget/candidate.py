"""What a budget distributes over: groups that passes offer, with their scores and limits."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from onnxprune.coupling import Group


@dataclass(frozen=True, slots=True)
class Candidate:
    """A group that may lose units.

    scores: one per unit, higher is more useful; kind: the pass that offers it; step: widths are multiples of this;
    floor: the fewest units that stay; ratio: a fixed fraction to remove, or None for the budget to decide
    """

    group: Group
    scores: np.ndarray
    kind: str
    step: int = 1
    floor: int = 1
    ratio: float | None = None

    def align(self, wanted: float) -> int:
        """The largest allowed width up to `wanted` units: a multiple of the step or all, never under the floor."""
        size = self.group.size
        if wanted >= size:
            return size
        return min(max(int(wanted + 1e-9) // self.step * self.step, self.lowest), size)

    @property
    def lowest(self) -> int:
        """The narrowest allowed width."""
        return min(math.ceil(self.floor / self.step) * self.step, self.group.size)

    def above(self, count: int) -> int:
        """The next allowed width above `count`."""
        return min((count // self.step + 1) * self.step, self.group.size)

    @property
    def allowed(self) -> list[int]:
        """All allowed widths, rising."""
        return [*range(self.lowest, self.group.size, self.step), self.group.size]

    def finer(self, factor: int) -> Candidate:
        """The same with steps a factor shorter, where they divide."""
        return replace(self, step=self.step // factor) if self.step % factor == 0 else self

    def keep(self, count: int) -> np.ndarray:
        """Bool mask of the `count` best units; equal scores keep the earlier unit."""
        mask = np.zeros(self.group.size, bool)
        mask[np.argsort(-self.scores, kind="stable")[:count]] = True
        return mask
