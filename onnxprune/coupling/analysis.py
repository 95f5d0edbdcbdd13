"""The analyzer: walks a graph once and reads the groups off the solved terms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import networkx as nx
import onnx_graphsurgeon as gs

from onnxprune.coupling.binding import ALONG, Axes, Binding
from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.solver import Solver
from onnxprune.coupling.terms import Atom, Cause, Term, leaves, show
from onnxprune.coupling.walker import Walker


@dataclass(frozen=True, slots=True)
class Site:
    """One axis of one stored tensor, and its term."""

    tensor: gs.Constant
    axis: int
    term: Term

    def __str__(self) -> str:
        return f"{self.tensor.name}[{self.axis}]"


@dataclass(slots=True)
class Group:
    """Units that can only go together: the sites that contain one atom.

    id: the first site's name, unique; size: units; locked, inexact: reasons (empty: prunable, exact);
    roles: what the atom is to the ops that touch it; members: the sites, in graph order.
    """

    id: str
    atom: Atom
    size: int
    members: list[Site] = field(default_factory=list)

    @property
    def locked(self) -> list[Cause]:
        return list(self.atom.locked)

    @property
    def inexact(self) -> list[Cause]:
        return list(self.atom.inexact)

    @property
    def kernel(self) -> bool:
        """Whether the group is an axis that ops work along (of a kernel, of an image): no pruning is about those."""
        return bool(self.locked) and all(cause.text == ALONG for cause in self.locked)

    @property
    def roles(self) -> set[str]:
        return self.atom.roles

    @property
    def prunable(self) -> bool:
        return not self.atom.locked and self.size > 1 and bool(self.members)


@dataclass(slots=True)
class Analysis:
    """A solved graph.

    terms:    tensor name -> the terms of its axes
    sites:    every axis of every stored tensor that a node uses
    bindings: every node with its rule and what the letters stand for, in graph order
    groups:   every group with at least one site, in graph order
    tensors:  every tensor that has terms, and the terms of its axes
    unknown:  op type -> how many nodes have it and no rule
    defects:  what rules failed on in ways that they should not; the nodes are locked all the same
    """

    graph: gs.Graph
    solver: Solver
    bindings: list[Binding]
    sites: list[Site]
    groups: list[Group]
    tensors: list[tuple[gs.Tensor, Axes]]
    unknown: dict[str, int]
    defects: list[Cause] = field(default_factory=list)
    terms: dict[str, Axes] = field(init=False, repr=False)
    _by_atom: dict[Atom, Group] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.terms = {tensor.name: axes for tensor, axes in self.tensors}
        self._by_atom = {g.atom: g for g in self.groups}

    @property
    def prunable(self) -> list[Group]:
        return [g for g in self.groups if g.prunable]

    def group_of(self, leaf: Atom) -> Group | None:
        """The group of an unbound atom, or None where no stored tensor contains it."""
        return self._by_atom.get(leaf)

    def coupling_graph(self) -> nx.Graph:
        """The graph of atoms and sites: edges `same`, `part` (a piece of) and `site`, each with its cause."""
        graph = nx.Graph()
        for edge in self.solver.edges:
            graph.add_edge(edge.a, edge.b, kind=edge.kind, cause=edge.cause)
        for site in self.sites:
            for first in origins(site.term):
                graph.add_edge(str(site), first, kind="site", cause=Cause(site.tensor.name, "", "axis"))
        return graph


def analyze(graph: gs.Graph, opsets: dict[str, int]) -> Analysis:
    """Solve a normalised graph.

    opsets: opset version by domain. Shapes must have been inferred. Linear in the number of nodes.
    """
    walker = Walker(graph, opsets)
    solver = walker.solver
    for tensor in graph.inputs:
        solver.cause = Cause(tensor.name, "")
        walker.set(tensor, walker.opaque(tensor, Reason("graph input", Ground.INPUT)))
    walker.graph(graph)
    for tensor in graph.outputs:
        solver.cause = Cause(tensor.name, "")
        walker.lock(tensor, Reason("graph output", Ground.OUTPUT))
    sites = [Site(t, i, term) for t in walker.constants for i, term in enumerate(walker.axes[id(t)] or ())]
    tensors = [(t, axes) for t in walker.alive if (axes := walker.axes[id(t)]) is not None]
    return Analysis(graph, solver, walker.bindings, sites, _groups(sites), tensors, walker.unknown, walker.defects)


def _groups(sites: Iterable[Site]) -> list[Group]:
    """The atoms that were not refined further, met from the sites: unified ones have one and the same by now."""
    found: dict[Atom, Group] = {}
    for site in sites:
        for leaf in dict.fromkeys(leaves(site.term)):
            found.setdefault(leaf, Group("", leaf, leaf.size or 0)).members.append(site)
    _name(found.values())
    return list(found.values())


def _name(groups: Iterable[Group]) -> None:
    """Readable and unique ids: the first site, with a number where one axis holds several groups."""
    used: dict[str, int] = {}
    for group in groups:
        base = str(group.members[0])
        used[base] = used.get(base, 0) + 1
        group.id = base if used[base] == 1 else f"{base}.{used[base]}"


def origins(term: Term) -> Iterator[Term]:
    """The nodes of the log that a site's term starts from."""
    if isinstance(term, Atom):
        yield term
    else:
        yield from leaves(term)


def notation(analysis: Analysis, term: Term) -> str:
    """A term with short letters for its groups, and sizes for axes that no weight has."""
    letters = {g.atom: f"g{i}" for i, g in enumerate(analysis.groups)}
    return show(term, lambda a: letters.get(a, str(a.size)))
