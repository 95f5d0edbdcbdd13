"""What masks are trained over: groups of units, and where their gates start."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onnxprune.coupling.terms import Atom


@dataclass(frozen=True, slots=True)
class Units:
    """A group. atom: in the gated model, None where it has no gate; costed: in the cost; keep: bool [units], what a
    decision leaves; scores: [units], higher is better; least: how many units stay whatever comes; free: whether its
    gates may be trained, else they are what `keep` says"""

    name: str
    atom: Atom | None
    costed: Atom
    keep: np.ndarray
    scores: np.ndarray
    least: int = 1
    free: bool = True

    @property
    def trained(self) -> bool:
        return self.free and self.atom is not None

    @property
    def size(self) -> int:
        return len(self.keep)

    def ranks(self, near: float, sure: float, gone: float) -> np.ndarray:
        """Where units stand by their scores, [units]: those that stay from `sure` (the best) down to `near`, those that
        go from -`near` down to -`gone` (the worst)."""
        order = np.lexsort((np.arange(self.size), -self.scores, ~self.keep))
        kept = int(self.keep.sum())
        found = np.empty(self.size)
        worse = np.linspace(-near, -gone, self.size - kept)
        found[order] = np.concatenate([np.linspace(sure, near, kept), worse])
        return found
