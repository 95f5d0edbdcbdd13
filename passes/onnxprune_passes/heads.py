"""Attention heads, discovered from the graph: batch axes of products between computed tensors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from onnxprune.coupling import Analysis, Group
from onnxprune.coupling.terms import leaves
from onnxprune.errors import InputError
from onnxprune.pruning import BLOCK, Pass, learned

UNITS = ("auto", "group", "query", "both")


@dataclass(frozen=True)
class Heads(Pass):
    """Remove whole attention heads, or key/value groups with all their queries.

    unit: with grouped queries a head is `(g r)`, the r-th query of key/value group g. "group" removes groups, "query"
    the same query of every group, "both" either, "auto" whichever there are more of (the finer choice).
    """

    name: ClassVar[str] = "heads"
    default: ClassVar[bool] = True

    unit: str = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.unit not in UNITS:
            raise InputError(f"pass heads: unit must be one of {', '.join(UNITS)}, not '{self.unit}'")

    def select(self, analysis: Analysis) -> Iterable[Group]:
        """Exact groups that are heads to some attention."""
        heads = [g for g in analysis.prunable if "head" in g.roles and learned(g) and not g.inexact]
        shared = {id(atom) for pair in _pairs(heads) for atom in self._dropped(pair)}
        return (g for g in heads if id(g.atom) not in shared)

    def step(self, group: Group, block: int = BLOCK) -> int:
        """Heads go one by one: a head's width is the model's own multiple of the kernels' block."""
        return self.align or 1

    def _dropped(self, pair: tuple[Group, Group]) -> list[object]:
        """Of a pair (key/value groups, queries per group), the atoms that are left whole."""
        groups, queries = pair
        unit = self.unit
        if unit == "both":
            return []
        if unit == "auto":
            unit = "group" if groups.size >= queries.size else "query"
        return [queries.atom] if unit == "group" else [groups.atom]


def _pairs(heads: list[Group]) -> Iterator[tuple[Group, Group]]:
    """(key/value groups, queries per group) that stand next to each other in one axis."""
    by_atom = {g.atom: g for g in heads}
    seen: set[tuple[int, int]] = set()
    for group in heads:
        for site in group.members:
            found = [by_atom[leaf] for leaf in leaves(site.term) if leaf in by_atom]
            for major, minor in pairwise(found):
                key = (id(major), id(minor))
                if major is not minor and key not in seen and (id(minor), id(major)) not in seen:
                    seen.add(key)
                    yield major, minor
