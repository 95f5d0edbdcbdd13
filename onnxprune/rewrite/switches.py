"""Inputs that decide which branch of an If runs, and the values that decide it differently."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx_graphsurgeon as gs

THROUGH = frozenset("Identity Cast Not And Or Squeeze Unsqueeze Reshape Gather Flatten ReduceMax".split())
COMPARISONS = frozenset("Equal Greater GreaterOrEqual Less LessOrEqual".split())
DEPTH = 8

Values = dict[str, list[int]]


def switches(graph: gs.Graph) -> Values:
    """Input name -> values worth trying, for bool and integer inputs that conditions are made of."""
    found: Values = {}
    for condition in _conditions(graph):
        _trace(condition, {id(t) for t in graph.inputs}, [0, 1], found, 0)
    return found


def _conditions(graph: gs.Graph) -> Iterator[gs.Tensor]:
    for node in graph.nodes:
        if node.op == "If":
            yield node.inputs[0]
        for value in node.attrs.values():
            if isinstance(value, gs.Graph):
                yield from _conditions(value)


def _trace(tensor: gs.Tensor, inputs: set[int], values: list[int], found: Values, depth: int) -> None:
    if id(tensor) in inputs:
        if np.dtype(tensor.dtype).kind in "biu":
            known = found.setdefault(tensor.name, [])
            known += [v for v in values if v not in known]
        return
    node = tensor.inputs[0] if tensor.inputs else None
    if node is None or depth == DEPTH:
        return
    if node.op in COMPARISONS:
        stored = [int(v) for t in node.inputs if isinstance(t, gs.Constant) for v in np.ravel(t.values)[:1]]
        values = [v + step for v in stored for step in (0, 1, -1)]
    elif node.op not in THROUGH:
        return
    for source in node.inputs:
        _trace(source, inputs, values, found, depth + 1)
