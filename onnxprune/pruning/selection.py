"""From passes to candidates: who offers which group, within what the user protects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np

from onnxprune.budget import Candidate
from onnxprune.coupling import Analysis, Group
from onnxprune.pruning.passes import Pass


@dataclass(frozen=True, slots=True)
class Scope:
    """Which groups may be touched, by glob over the names of their tensors and of the nodes that use them.

    protect: groups with a match stay whole; only: groups without a match stay whole (empty: no limit)
    """

    protect: Sequence[str] = field(default_factory=tuple)
    only: Sequence[str] = field(default_factory=tuple)

    def allows(self, group: Group) -> bool:
        names = {site.tensor.name for site in group.members}
        names |= {n.name for site in group.members for n in site.tensor.outputs if n.name}
        if _matches(names, self.protect):
            return False
        return not self.only or _matches(names, self.only)


def _matches(names: Iterable[str], globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob) for name in names for glob in globs)


def offers(analysis: Analysis, passes: Sequence[Pass], scope: Scope) -> list[tuple[Pass, Group]]:
    """Every group that some pass takes and the scope allows, in graph order; the first pass to take one has it."""
    taken: dict[str, Pass] = {}
    for entry in passes:
        for group in entry.select(analysis):
            fits = group.prunable and (not entry.exact or not group.inexact) and scope.allows(group)
            if fits and entry.lowest(group) < group.size:
                taken.setdefault(group.id, entry)
    return [(taken[g.id], g) for g in analysis.groups if g.id in taken]


def candidates(offered: Sequence[tuple[Pass, Group]], scores: dict[str, np.ndarray]) -> list[Candidate]:
    """Candidates for the budget; groups narrower than their step stay whole."""
    return [
        Candidate(g, scores[g.id], p.name, p.step(g), p.lowest(g), p.ratio) for p, g in offered if p.step(g) < g.size
    ]
