"""Gathers that take every row in its place: only the shape changes, and a Reshape says so.

Exporters write a view of strided memory as a Gather of 0, 1, 2, ..., n - 1. Taken for a pick of rows it would tie every
unit to its index.
"""

from __future__ import annotations

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph.edit import read
from onnxprune.graph.model import Model, graphs
from onnxprune.graph.naming import Names

OPSET = 5
"""From here on, Reshape takes its target as an operand."""


def spell_views(model: Model, names: Names) -> None:
    """Turn Gathers of all rows in order into Reshapes, in place."""
    if model.opset < OPSET:
        return
    for graph in graphs(model):
        for node in graph.nodes:
            target = _target(node) if node.op == "Gather" and not node.domain else None
            if target is not None:
                node.op, node.attrs = "Reshape", {}
                model.undo.folds = [f for f in model.undo.folds if f.node is not node]  # an index is no target
                name = names.new(f"{node.outputs[0].name}/target")
                read(node, 1, gs.Constant(name, np.array(target, np.int64)))


def _target(node: gs.Node) -> list[int] | None:
    """The target of the Reshape that does the same; None where none does, or it can't be written down."""
    data, index = node.inputs
    if not isinstance(index, gs.Constant) or not data.shape:
        return None
    axis = node.attrs.get("axis", 0) % len(data.shape)
    rows = data.shape[axis]
    if not isinstance(rows, int) or index.values.size != rows or not rows:
        return None
    if not np.array_equal(np.ravel(index.values) % rows, np.arange(rows)):
        return None
    behind = [d if isinstance(d, int) and d > 0 else -1 for d in data.shape[axis + 1 :]]
    target = [0] * axis + list(index.values.shape) + behind
    return None if behind.count(-1) > 1 or not target else target
