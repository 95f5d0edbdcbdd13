"""The wiring of a file's graph, checked before anything else looks at it: every name made once, nothing read that
nobody makes, no cycle. Nodes that only stand in the wrong order are sorted."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Sequence

import onnx

from onnxprune.errors import InputError


def ordered(graph: onnx.GraphProto, outer: Collection[str], where: str) -> list[onnx.NodeProto]:
    """The nodes, each behind the makers of what it reads. Raises InputError.

    outer: names of the graphs around this one.
    """
    nodes = list(graph.node)
    given = _given(graph, where)
    makers = _makers(nodes, given, where)
    reads = [list(_reads(node)) for node in nodes]
    for node, names in zip(nodes, reads, strict=True):
        for name in names:
            if name not in makers and name not in given and name not in outer:
                raise InputError(f"{where}: {title(node)} reads {name!r}, which nothing makes")
    for value in graph.output:
        if value.name not in makers and value.name not in given and value.name not in outer:
            raise InputError(f"{where}: the graph output '{value.name}' is made by nothing")
    if all(makers.get(name, -1) < i for i, names in enumerate(reads) for name in names):
        return nodes
    return _sorted(nodes, reads, makers, where)


def title(node: onnx.NodeProto) -> str:
    """How messages name a node."""
    name = node.name or (node.output[0] if node.output else "")
    return f"{node.op_type} node '{name}'"


def _given(graph: onnx.GraphProto, where: str) -> set[str]:
    """Names of inputs and stored tensors; older files declare a stored tensor as an input too."""
    stored = [*(t.name for t in graph.initializer), *(t.values.name for t in graph.sparse_initializer)]
    inputs = [v.name for v in graph.input]
    for names, what in ((stored, "stored tensors"), (inputs, "graph inputs")):
        if len(set(names)) < len(names):
            twice = next(n for i, n in enumerate(names) if n in names[:i])
            raise InputError(f"{where}: two {what} are called '{twice}'")
    return {*stored, *inputs}


def _makers(nodes: Sequence[onnx.NodeProto], given: Collection[str], where: str) -> dict[str, int]:
    """Name -> position of the node that makes it."""
    makers: dict[str, int] = {}
    for i, node in enumerate(nodes):
        for name in node.output:
            if not name:
                continue
            if name in makers:
                raise InputError(f"{where}: {title(nodes[makers[name]])} and {title(node)} both make '{name}'")
            if name in given:
                raise InputError(f"{where}: {title(node)} makes '{name}', which is an input or stored tensor already")
            makers[name] = i
    return makers


def _reads(node: onnx.NodeProto) -> Iterator[str]:
    """Names that a node reads, itself or in its bodies."""
    yield from filter(None, node.input)
    for attribute in node.attribute:
        if attribute.type == onnx.AttributeProto.GRAPH:
            yield from _free(attribute.g)


def _free(graph: onnx.GraphProto) -> set[str]:
    """Names that a body takes from the graphs around it."""
    made = {v.name for v in graph.input} | {t.name for t in graph.initializer}
    made |= {t.values.name for t in graph.sparse_initializer}
    made.update(name for node in graph.node for name in node.output)
    read = {name for node in graph.node for name in _reads(node)} | {v.name for v in graph.output}
    return read - made


def _sorted(
    nodes: Sequence[onnx.NodeProto], reads: Sequence[Sequence[str]], makers: dict[str, int], where: str
) -> list[onnx.NodeProto]:
    """Topological order that keeps the file's own as far as it can (Kahn 1962)."""
    before = [{makers[name] for name in names if name in makers} for names in reads]
    after: list[list[int]] = [[] for _ in nodes]
    for i, needed in enumerate(before):
        for j in needed:
            after[j].append(i)
    missing = [len(needed) for needed in before]
    ready = [i for i, count in enumerate(missing) if not count]
    placed: list[int] = []
    while ready:
        i = heapq.heappop(ready)
        placed.append(i)
        for j in after[i]:
            missing[j] -= 1
            if not missing[j]:
                heapq.heappush(ready, j)
    if len(placed) < len(nodes):
        raise InputError(f"{where}: the graph has a cycle through {_cycle(nodes, before, set(placed))}")
    return [nodes[i] for i in placed]


def _cycle(nodes: Sequence[onnx.NodeProto], before: Sequence[set[int]], placed: set[int]) -> str:
    at = next(i for i in range(len(nodes)) if i not in placed)
    walked: list[int] = []
    while at not in walked:
        walked.append(at)
        at = next(j for j in sorted(before[at]) if j not in placed)
    loop = walked[walked.index(at) :]
    shown = [title(nodes[i]) for i in reversed(loop)]
    return ", ".join(shown[:4]) + (f" and {len(shown) - 4} more" if len(shown) > 4 else "")
