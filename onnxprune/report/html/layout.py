"""Where the groups stand in the picture of the coupling."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import networkx as nx

from onnxprune.report.details import Link

EXACT = 150
"""Up to so many groups stand where distances in the picture are distances in the graph, which takes cubic time."""

NEXT = 4.0
"""How far from each other groups want to be that only follow one another in the file; linked ones: 1."""


def positions(count: int, links: Sequence[Link]) -> list[tuple[float, float]]:
    """Coordinates of groups 0 to count - 1, the same for the same groups; the first ones at the left."""
    graph = nx.Graph()
    graph.add_nodes_from(range(count))
    graph.add_edges_from(pairwise(range(count)), length=NEXT, pull=0.05)
    graph.add_edges_from(((link.source, link.target) for link in links), length=1.0, pull=1.0)
    start = {node: (node / max(count, 1), 0.1 * (node % 7) / 7) for node in graph}
    if count <= EXACT:
        found = nx.kamada_kawai_layout(graph, pos=start, weight="length")
    else:
        found = nx.spring_layout(graph, pos=start, weight="pull", seed=0, iterations=80)
    turn = -1.0 if count > 1 and found[0][0] > found[count - 1][0] else 1.0
    return [(round(turn * float(found[n][0]), 4), round(float(found[n][1]), 4)) for n in range(count)]
