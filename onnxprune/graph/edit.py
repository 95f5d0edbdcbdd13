"""Edits of a graph. They go by identity, where the library compares by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import onnx_graphsurgeon as gs

from onnxprune.graph.ir import bodies_of


def read(node: gs.Node, place: int, tensor: gs.Tensor) -> None:
    """Make a node read another tensor as its operand `place`."""
    _forget(node.inputs[place].outputs, node)
    list.__setitem__(node.inputs, place, tensor)
    list.append(tensor.outputs, node)


def detach(node: gs.Node) -> list[tuple[gs.Node, list[gs.Tensor]]]:
    """Make a node, and those of its bodies, read nothing. Returns what each of them read."""
    found = [(node, list(node.inputs))]
    for tensor in node.inputs:
        _forget(tensor.outputs, node)
    list.clear(node.inputs)
    for body in bodies_of(node):
        for inner in body.nodes:
            found += detach(inner)
    return found


def attach(found: Iterable[tuple[gs.Node, Sequence[gs.Tensor]]]) -> None:
    """Undo `detach`."""
    for node, tensors in found:
        list.extend(node.inputs, tensors)
        for tensor in tensors:
            list.append(tensor.outputs, node)


def insert(graph: gs.Graph, before: Mapping[int, Sequence[gs.Node]]) -> None:
    """Insert nodes: id(node) -> those that go in front of it."""
    if before:
        graph.nodes = [n for node in graph.nodes for n in (*before.get(id(node), ()), node)]


def _forget(nodes: list[gs.Node], node: gs.Node) -> None:
    """Remove one occurrence."""
    for i, other in enumerate(nodes):
        if other is node:
            list.__delitem__(nodes, i)
            return
