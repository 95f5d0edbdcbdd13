"""Reshape and Expand targets that are computed: the known lengths are stored, the open ones left to 0, -1 or 1."""

from __future__ import annotations

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph.values import Evaluator, Values

OPERAND = {"Reshape": 1, "Expand": 1, "ConstantOfShape": 0}


def write_targets(graph: gs.Graph, node: gs.Node, evaluator: Evaluator) -> bool:
    """Rewrite the target of one node where something about it is known. True where it was."""
    place = OPERAND.get(node.op)
    if place is None or place >= len(node.inputs) or isinstance(node.inputs[place], gs.Constant):
        return False
    values = evaluator.get(node.inputs[place])
    if values is None or values.ndim != 1 or "/target" in node.inputs[place].name:
        return False
    entries = _spell(node, values)
    if all(e is None for e in entries):
        return False
    node.inputs[place] = _stored(node, entries) if None not in entries else _mixed(graph, node, place, entries)
    return True


def _spell(node: gs.Node, values: Values) -> list[int | None]:
    """An int for every entry that can be written down, None for those that must stay computed."""
    entries = [int(v) if isinstance(v, (int, float)) else None for v in values]
    shape = list(node.inputs[0].shape or ())
    if node.op == "Reshape":
        return _spell_reshape(entries, values, shape, bool(node.attrs.get("allowzero", 0)))
    if node.op == "Expand":
        offset = len(values) - len(shape)
        for i, value in enumerate(values):
            if entries[i] is None and value is not None and i >= offset and shape[i - offset] == value:
                entries[i] = 1
    return entries


def _spell_reshape(
    entries: list[int | None], values: Values, shape: list[object], allow_zero: bool
) -> list[int | None]:
    for i, value in enumerate(values):
        same = i < len(shape) and isinstance(value, str) and shape[i] == value
        if entries[i] is None and same and not allow_zero:
            entries[i] = 0
    if -1 in entries:
        return entries
    open_ = [i for i, e in enumerate(entries) if e is None]
    unnamed = [i for i in open_ if values[i] is None]
    pick = unnamed[0] if unnamed else open_[0] if open_ else None
    if pick is not None:
        entries[pick] = -1
    return entries


def _stored(node: gs.Node, entries: list[int | None]) -> gs.Constant:
    return gs.Constant(f"{node.outputs[0].name}/target", np.array(entries, np.int64))


def _mixed(graph: gs.Graph, node: gs.Node, place: int, entries: list[int | None]) -> gs.Tensor:
    """A Concat of stored entries and single entries picked from the computed target."""
    computed, base = node.inputs[place], f"{node.outputs[0].name}/target"
    parts: list[gs.Tensor] = []
    made: list[gs.Node] = []
    for i, entry in enumerate(entries):
        name = f"{base}/{i}"
        if entry is not None:
            parts.append(gs.Constant(name, np.array([entry], np.int64)))
            continue
        picked = gs.Variable(name, np.int64, [1])
        made.append(gs.Node("Gather", name, {"axis": 0}, [computed, gs.Constant(f"{name}/index", np.array([i]))], [picked]))
        parts.append(picked)
    target = gs.Variable(base, np.int64, [len(entries)])
    made.append(gs.Node("Concat", base, {"axis": 0}, parts, [target]))
    at = graph.nodes.index(node)
    graph.nodes[at:at] = made
    return target
