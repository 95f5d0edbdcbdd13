"""Which graph a stored tensor belongs to: the innermost one that holds all of its uses.

onnx-graphsurgeon knows tensors only by their uses, and bodies of If, Loop and Scan read the tensors of the graphs
around them; a file names an owner.
"""

from __future__ import annotations

import onnx_graphsurgeon as gs

from onnxprune.graph.ir import bodies_of

Found = dict[int, gs.Constant]


def owned(graph: gs.Graph, outer: frozenset[str]) -> dict[int, list[gs.Constant]]:
    """id(graph) -> its stored tensors, in order of use, for a graph and all bodies inside it.

    outer: names that belong to the outermost graph wherever they are used.
    """
    result: dict[int, list[gs.Constant]] = {}
    _assign(graph, set(), result, outer)
    return result


def _uses(graph: gs.Graph) -> tuple[Found, list[Found]]:
    """Stored tensors that the graph's own nodes and outputs read, and those that each body reads."""
    direct: Found = {}
    inside: list[Found] = []
    for node in graph.nodes:
        direct.update((id(t), t) for t in node.inputs if isinstance(t, gs.Constant))
        for body in bodies_of(node):
            own, deeper = _uses(body)
            inside.append(own | {k: t for found in deeper for k, t in found.items()})
    direct.update((id(t), t) for t in graph.outputs if isinstance(t, gs.Constant))
    return direct, inside


def _assign(graph: gs.Graph, taken: set[int], result: dict[int, list[gs.Constant]], outer: frozenset[str]) -> None:
    direct, inside = _uses(graph)
    mine = dict(direct)
    seen: set[int] = set()
    for found in inside:
        mine.update((k, t) for k, t in found.items() if k in seen or t.name in outer)
        seen.update(found)
    result[id(graph)] = [t for k, t in mine.items() if k not in taken]
    for node in graph.nodes:
        for body in bodies_of(node):
            _assign(body, taken | set(mine), result, frozenset())
