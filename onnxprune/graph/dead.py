"""Nodes that nothing reads go; those that turn out to be needed after all come back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import onnx_graphsurgeon as gs

from onnxprune.graph.edit import attach, detach
from onnxprune.graph.ir import bodies_of, rank_of
from onnxprune.graph.model import Model, graphs
from onnxprune.graph.undo import Dropped


def drop_dead(model: Model) -> None:
    """Remove nodes whose outputs nobody reads, and write them down."""
    _drop_dead(model, model.graph)


def _drop_dead(model: Model, graph: gs.Graph) -> None:
    """From the end, so that one look is enough; bodies come before what they read."""
    outputs = {id(t) for t in graph.outputs}
    alive: list[gs.Node] = []
    for node in reversed(graph.nodes):
        if not node.outputs or any(t.outputs or id(t) in outputs for t in node.outputs):
            alive.append(node)
            for body in bodies_of(node):
                _drop_dead(model, body)
        else:
            model.undo.dropped[id(node)] = Dropped(graph, node, detach(node))
    graph.nodes = alive[::-1]


def revive(model: Model, tensors: Iterable[gs.Tensor]) -> None:
    """Put dropped nodes back that computed `tensors`, and those that they need in turn."""
    waiting = list(tensors)
    revived: dict[int, Dropped] = {}
    while waiting:
        maker = maker_of(waiting.pop())
        if maker is not None and id(maker) in model.undo.dropped:
            found = revived[id(maker)] = model.undo.dropped.pop(id(maker))
            attach(found.read)
            waiting += [t for _, read in found.read for t in read]
    for graph in graphs(model) if revived else ():
        own = [found.node for found in revived.values() if found.graph is graph]
        if own:
            graph.nodes = list(_placed(graph.nodes, sorted(own, key=rank_of)))


def maker_of(tensor: gs.Tensor) -> gs.Node | None:
    """The node that computes a tensor."""
    return tensor.inputs[0] if tensor.inputs else None


def _placed(nodes: Iterable[gs.Node], missing: list[gs.Node]) -> Iterator[gs.Node]:
    """The nodes, with each missing one in front of the first that came behind it in the file."""
    waiting = iter(missing)
    first = next(waiting, None)
    for node in nodes:
        while first is not None and rank_of(first) < rank_of(node):
            yield first
            first = next(waiting, None)
        yield node
    yield from (n for n in (first, *waiting) if n is not None)
