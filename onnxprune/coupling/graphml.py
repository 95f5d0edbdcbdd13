"""The coupling graph in a form that graph viewers read: GraphML with labels."""

from __future__ import annotations

import re
from pathlib import Path

import networkx as nx

from onnxprune.coupling.analysis import Analysis
from onnxprune.coupling.terms import Atom, leaves
from onnxprune.graph import scratch_folder

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def labelled(analysis: Analysis) -> nx.Graph:
    """The coupling graph with strings for nodes.

    Nodes: label; kind "weight" (an axis of a stored tensor), "axis" (a run of units) or "cut" (a run that was
    refined); units; group: the ids of the groups in it; locked: the reasons, or empty; natural: whether one of
    them lies in the model's nature.
    Edges: label; kind "site", "same" or "part"; node and op: what ties the two.
    """
    groups = {g.atom: g.id for g in analysis.groups}
    terms = {str(site): site.term for site in analysis.sites}
    graph, names = nx.Graph(name="coupling"), {}
    for number, node in enumerate(analysis.coupling_graph()):
        term = node if isinstance(node, Atom) else terms[node]
        found = list(dict.fromkeys(leaves(term)))
        causes = [cause for leaf in found for cause in leaf.locked]
        names[node] = f"n{number}"
        graph.add_node(
            names[node],
            label=_clean(f"{term.size} units" if node is term else str(node)),
            kind="weight" if node is not term else "axis" if found == [node] or term.bound is None else "cut",
            units=term.size or 0,
            group=_clean(", ".join(groups.get(leaf, "") for leaf in found).strip(", ")),
            locked=_clean("; ".join(dict.fromkeys(str(cause) for cause in causes))),
            natural=any(cause.ground.natural for cause in causes),
        )
    for a, b, edge in analysis.coupling_graph().edges(data=True):
        cause = edge["cause"]
        label = "axis of" if edge["kind"] == "site" else f"{cause.op} {cause.node}"
        graph.add_edge(names[a], names[b], label=_clean(label), kind=edge["kind"], node=_clean(cause.node), op=cause.op)
    return graph


def write_graphml(analysis: Analysis, path: Path) -> None:
    """Write the coupling graph, whole or not at all. Raises OSError where that fails."""
    with scratch_folder(path.parent) as folder:
        nx.write_graphml(labelled(analysis), folder / path.name, named_key_ids=True)
        (folder / path.name).replace(path)


def _clean(text: str) -> str:
    """Without the characters that XML has no way to write."""
    return _NOT_XML.sub("?", text)
