"""The groups of a model as a report shows them: what went, what holds the rest, and what ties their members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from onnxprune.budget import Cost
from onnxprune.coupling import Analysis, Group
from onnxprune.coupling.explain import Letters
from onnxprune.coupling.ties import Tie, Ties
from onnxprune.pruning import Scope
from onnxprune.pruning.obstacles import Lock
from onnxprune.pruning.passes import group_passes
from onnxprune.pruning.selection import offers
from onnxprune.pruning.trained import Trained
from onnxprune.report.details import Coupled, Link, Member

MOST_MEMBERS = 60
"""A residual stream has hundreds; nobody reads so many."""


def coupled(
    analysis: Analysis, cost: Cost, locked: Iterable[Lock], entries: Sequence[Mapping[str, Any]]
) -> tuple[list[Coupled], list[Link]]:
    """The groups in trained weights, in graph order, and the weights that lead from one to another.

    cost: multiply-accumulates; locked: reasons; entries: of the plan, for the groups that lost units
    """
    trained = Trained(analysis)
    groups = [g for g in analysis.groups if g.atom in trained.atoms and g.size > 1 and not g.kernel]
    kinds = {group.id: kind.name for kind, group in offers(analysis, [k() for k in group_passes().values()], Scope())}
    kinds |= {entry["id"]: entry["kind"] for entry in entries}
    left = {entry["id"]: len(entry["kept"]) for entry in entries}
    causes = {name: lock for lock in locked for name in lock.groups}
    ties, whole = Ties(analysis), max(cost.total(), 1e-30)
    found = []
    for group in groups:
        lock = causes.get(group.id)
        members = _members(analysis, ties.of(group))
        found.append(
            Coupled(
                id=group.id,
                kind=kinds.get(group.id, ""),
                before=group.size,
                after=left.get(group.id, group.size),
                exact=not group.inexact,
                share=-cost.change({}, group.atom, 0) / whole,
                locked=lock.sentence if lock else "; ".join(map(str, group.locked)),
                natural=lock is not None and lock.natural,
                members=members[:MOST_MEMBERS],
                more=max(len(members) - MOST_MEMBERS, 0),
            )
        )
    return found, _links(groups, trained)


def _members(analysis: Analysis, ties: Iterable[Tie]) -> list[Member]:
    letters = Letters(analysis)
    return [Member(str(t.site), letters.term(t.site.term), str(t.near or ""), t.through) for t in ties]


def _links(groups: Sequence[Group], trained: Trained) -> list[Link]:
    """One for two groups, by the first weight that has both, on different axes."""
    held: dict[int, dict[int, set[int]]] = {}
    names: dict[int, str] = {}
    for place, group in enumerate(groups):
        for site in group.members:
            if id(site.tensor) in trained.tensors:
                names[id(site.tensor)] = site.tensor.name
                held.setdefault(id(site.tensor), {}).setdefault(place, set()).add(site.axis)
    found: dict[tuple[int, int], Link] = {}
    for tensor, places in held.items():
        for (one, axes), (other, others) in combinations(sorted(places.items()), 2):
            if axes != others:
                found.setdefault((one, other), Link(one, other, names[tensor]))
    return list(found.values())
