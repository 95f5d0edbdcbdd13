"""Why two weights move together, or why one can't move at all: paths through the solver's log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import networkx as nx

from onnxprune.coupling.analysis import Analysis, Group, Site, origins
from onnxprune.coupling.sites import Run
from onnxprune.coupling.terms import Atom, Cause, Term, leaves, show

_LETTERS = {"head": "h", "head_dim": "d"}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a path.

    before, after: the axes that it leads between; cause: the node that ties them;
    kind: "same", "part" (`after` is a piece of `before`) or "whole" (the other way round)
    """

    before: str
    after: str
    kind: str
    cause: Cause

    @property
    def verb(self) -> str:
        """What `after` is to `before`, to be put between the two."""
        return {"same": "is", "part": "has the piece", "whole": "is a piece of"}[self.kind]


@dataclass(frozen=True, slots=True)
class Coupling:
    """What two sites share. groups: none where they are not coupled; steps: the shortest path for the first, none where
    both are on one axis."""

    groups: list[Group]
    steps: list[Step]


class Letters:
    """Short names for groups, as they come up: h heads, d head dimensions, c all else; sizes for locked ones."""

    def __init__(self, analysis: Analysis) -> None:
        self._groups = {g.atom: g for g in analysis.groups}
        self._names: dict[Atom, str] = {}
        self.named: dict[str, Group] = {}

    def term(self, term: Term) -> str:
        """The term in the notation of rules: `(h d)`."""
        return show(term, self._name)

    def _name(self, leaf: Atom) -> str:
        group = self._groups.get(leaf)
        if group is None or not group.prunable:
            return str(leaf.size)
        if leaf not in self._names:
            letter = next((short for role, short in _LETTERS.items() if role in group.roles), "c")
            number = sum(name[0] == letter for name in self.named)
            self._names[leaf] = f"{letter}{number}" if number else letter
            self.named[self._names[leaf]] = group
        return self._names[leaf]


def groups_of(analysis: Analysis, sites: Iterable[Site]) -> list[Group]:
    """The groups in the sites' terms, in graph order."""
    atoms = {leaf for site in sites for leaf in leaves(site.term)}
    return [g for g in analysis.groups if g.atom in atoms]


def couple(analysis: Analysis, one: Site, other: Site) -> Coupling:
    """The groups that two sites share, and how the analysis came to that."""
    shared = set(leaves(one.term)) & set(leaves(other.term))
    groups = [g for g in analysis.groups if g.atom in shared]
    steps = _path(analysis, groups[0].atom, one, other) if groups and str(one) != str(other) else []
    return Coupling(groups, steps)


def _path(analysis: Analysis, leaf: Atom, one: Site, other: Site) -> list[Step]:
    """The shortest path between two sites over axes that contain the leaf.

    Any other path would prove nothing: two pieces of one axis hang together in the graph, but go one by one.
    """
    graph = analysis.coupling_graph()
    ends = [_End(one), _End(other)]
    for end in ends:
        graph.add_edges_from((end, atom, {"kind": "site"}) for atom in origins(end.term))
    terms = {str(site): site.term for site in analysis.sites}
    inside = [n for n in graph if leaf in leaves(n if isinstance(n, Atom) else terms.get(n, leaf))]
    path = nx.shortest_path(graph.subgraph(inside), *ends)
    names = _names(analysis) | {id(end.term): end.name for end in ends}
    steps = []
    for a, b in pairwise(path):
        edge = graph.edges[a, b]
        if edge["kind"] != "site":
            kind = edge["kind"] if edge["kind"] == "same" or _is_whole(a, b) else "whole"
            steps.append(Step(_label(a, names), _label(b, names), kind, edge["cause"]))
    return _without_detours(steps)


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """A site as a node of the graph: sites that are no whole axis of a weight have none there. A run's is its axis."""

    site: Site

    @property
    def term(self) -> Term:
        whole = self.site.origin if isinstance(self.site, Run) else None
        return self.site.term if whole is None else whole

    @property
    def name(self) -> str:
        return f"{self.site.tensor.name}[{self.site.axis}]"


def _without_detours(steps: Iterable[Step]) -> list[Step]:
    """One step where a node ties several axes to each other: those between the first and the last say nothing."""
    short: list[Step] = []
    for step in steps:
        last = short[-1] if short else None
        if last is not None and last.kind == step.kind == "same" and last.cause == step.cause:
            short[-1] = Step(last.before, step.after, step.kind, step.cause)
        else:
            short.append(step)
    return short


def _is_whole(a: Atom, b: Atom) -> bool:
    """Whether `b` is the piece: it has fewer indices."""
    return (a.size or 0) > (b.size or 0)


def _names(analysis: Analysis) -> dict[int, str]:
    """id(atom) -> an axis of a tensor that is this atom; stored tensors first."""
    names: dict[int, str] = {}
    for site in analysis.sites:
        names.setdefault(id(site.term), str(site))
    for tensor, axes in analysis.terms.items():
        for axis, term in enumerate(axes):
            names.setdefault(id(term), f"{tensor}[{axis}]")
    return names


def _label(leaf: Atom, names: Mapping[int, str]) -> str:
    return names.get(id(leaf), f"a run of {leaf.size}")
