"""From passes to candidates: who offers which group, within what the user protects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.budget import Candidate
from onnxprune.calibration import Layer
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
        return self._allows([site.tensor for site in group.members])

    def allows_layer(self, layer: Layer) -> bool:
        """Whether the weight of a layer may be touched."""
        return self._allows([layer.stored])

    def _allows(self, tensors: Sequence[gs.Constant]) -> bool:
        names = {tensor.name for tensor in tensors}
        names |= {node.name for tensor in tensors for node in tensor.outputs if node.name}
        if _matches(names, self.protect):
            return False
        return not self.only or _matches(names, self.only)


def unmatched(analysis: Analysis, scope: Scope) -> list[str]:
    """A sentence for every glob of the scope that matches no tensor and no node: it may be misspelled."""
    names = {site.tensor.name for site in analysis.sites}
    names |= {n.name for site in analysis.sites for n in site.tensor.outputs if n.name}
    options = [("--protect", glob) for glob in scope.protect] + [("--only", glob) for glob in scope.only]
    return [
        f"{option} '{glob}' matches no weight and no node that uses one"
        for option, glob in options
        if not _matches(names, [glob])
    ]


def _matches(names: Iterable[str], globs: Sequence[str]) -> bool:
    return any(fnmatchcase(name, glob) for name in names for glob in globs)


Offers = list[tuple[Pass, Group]]
"""Groups, and the pass that takes each."""


def offers(analysis: Analysis, passes: Sequence[Pass], scope: Scope) -> Offers:
    """Every group that some pass takes and the scope allows, in graph order; the first pass to take one has it."""
    taken: dict[str, Pass] = {}
    for entry in passes:
        for group in entry.select(analysis):
            fits = group.prunable and (not entry.exact or not group.inexact) and scope.allows(group)
            if fits and entry.lowest(group) < group.size:
                taken.setdefault(group.id, entry)
    return [(taken[g.id], g) for g in analysis.groups if g.id in taken]


def candidates(offered: Offers, scores: dict[str, np.ndarray], block: int) -> list[Candidate]:
    """Candidates for the budget; groups that are not wider than their step stay whole."""
    stepped = [(p, g, p.step(g, block)) for p, g in offered]
    return [Candidate(g, scores[g.id], p.name, s, p.lowest(g), p.ratio) for p, g, s in stepped if s < g.size]
