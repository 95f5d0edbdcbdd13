"""What ties the members of a group to each other: a tree over them, each with the nodes that lead to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import networkx as nx

from onnxprune.coupling.analysis import Analysis, Group, Site, origins
from onnxprune.coupling.terms import Atom, Term, leaves


@dataclass(frozen=True, slots=True)
class Tie:
    """A member of a group. near: the member, named before it, that it hangs on, None for the first; through: the nodes
    that lead from there to it, each as `Conv 'name'`"""

    site: Site
    near: Site | None
    through: list[str]


class Ties:
    """The trees of all groups of an analysis; the coupling graph is made once."""

    def __init__(self, analysis: Analysis) -> None:
        self._graph = analysis.coupling_graph()
        self._terms: dict[str, Term] = {str(site): site.term for site in analysis.sites}

    def of(self, group: Group) -> list[Tie]:
        """The members from the first one outwards. Only axes that contain the group's atom lead on: two pieces of one
        axis hang together in the graph, but go one by one."""
        inside = [n for n in self._reached(group) if group.atom in leaves(self._term(n))]
        starts = [atom for atom in origins(group.members[0].term) if atom in self._graph]
        graph = self._graph.subgraph(inside)
        before = {b: a for start in starts[:1] for a, b in nx.bfs_edges(graph, start)} if starts else {}
        owner: dict[Atom | str, Site] = {}
        return [self._tie(site, before, owner) for site in self._by_distance(group, before)]

    def _tie(self, site: Site, before: dict[Atom | str, Atom | str], owner: dict[Atom | str, Site]) -> Tie:
        """Walk back until something that another member has walked over."""
        at: Atom | str = str(site)
        through: list[str] = []
        while at not in owner:
            owner[at] = site
            if at not in before:
                break
            through += self._told(before[at], at)
            at = before[at]
        near = owner[at]
        return Tie(site, None if near is site else near, list(dict.fromkeys(reversed(through))))

    def _told(self, a: Atom | str, b: Atom | str) -> Iterator[str]:
        edge = self._graph.edges[a, b]
        if edge["kind"] != "site":
            cause = edge["cause"]
            yield f"{cause.op} '{cause.node}'" if cause.op else cause.node

    def _by_distance(self, group: Group, before: dict[Atom | str, Atom | str]) -> list[Site]:
        place = {node: number for number, node in enumerate(before, start=1)}
        return sorted(
            group.members, key=lambda site: place.get(str(site), len(place) + 1) if site != group.members[0] else 0
        )

    def _reached(self, group: Group) -> set[Atom | str]:
        found: set[Atom | str] = set()
        for site in group.members:
            if str(site) in self._graph and str(site) not in found:
                found |= nx.node_connected_component(self._graph, str(site))
        return found

    def _term(self, node: Atom | str) -> Term:
        return node if isinstance(node, Atom) else self._terms[node]
