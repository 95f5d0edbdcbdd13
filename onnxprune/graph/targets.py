"""Reshape and Expand targets that are computed: the known lengths are stored, the open ones left to 0, -1 or 1."""

from __future__ import annotations

import math

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph.values import Evaluator, Values

OPERAND = {"Reshape": 1, "Expand": 1, "ConstantOfShape": 0}


def write_targets(graph: gs.Graph, node: gs.Node, evaluator: Evaluator, main: gs.Graph) -> bool:
    """Rewrite the target of one node where something about it is known. True where it was.

    main: the outermost graph, whose inputs name the open dimensions.
    """
    place = OPERAND.get(node.op)
    if place is None or place >= len(node.inputs) or node.inputs[0].is_empty():
        return False
    target = node.inputs[place]
    values = evaluator.get(target)
    if values is None or values.ndim != 1 or target.name.endswith("/target"):
        return False
    stored = isinstance(target, gs.Constant)
    if stored and not (node.op == "Reshape" and -1 in values.tolist() and _is_open(node)):
        return False
    entries = _spell(node, values)
    if all(e is None for e in entries) or (stored and entries == values.tolist()):
        return False
    node.inputs[place] = _stored(node, entries) if None not in entries else _mixed(graph, node, place, entries, values, main)
    return True


def _is_open(node: gs.Node) -> bool:
    shape = node.outputs[0].shape
    return shape is None or any(not isinstance(d, int) for d in shape)


def _spell(node: gs.Node, values: Values) -> list[int | None]:
    """An int for every entry that can be written down, None for those that must stay computed."""
    entries = [int(v) if isinstance(v, (int, float)) else None for v in values]
    shape = list(node.inputs[0].shape or ())
    if node.op == "Reshape":
        return _spell_reshape(node, entries, values, shape)
    if node.op == "Expand":
        offset = len(values) - len(shape)
        for i, value in enumerate(values):
            if entries[i] is None and value is not None and i >= offset and shape[i - offset] == value:
                entries[i] = 1
    return entries


def _spell_reshape(node: gs.Node, entries: list[int | None], values: Values, shape: list[object]) -> list[int | None]:
    """0 for a length that stays in its place, a number for a -1 that can be told, -1 for one open length."""
    literal_zero = bool(node.attrs.get("allowzero", 0)) and 0 in entries
    made = [_named(e, v, shape[i] if i < len(shape) else None) for i, (e, v) in enumerate(zip(entries, values, strict=True))]
    if -1 in entries:
        rest = _rest(shape, made)
        if rest is not None:
            entries[entries.index(-1)] = made[made.index(-1)] = rest
    for i, name in enumerate(made):
        if entries[i] is None and isinstance(name, str) and i < len(shape) and shape[i] == name and not literal_zero:
            entries[i] = 0
    if 0 in entries and not literal_zero:
        node.attrs.pop("allowzero", None)
    if -1 not in entries:
        _leave_one_open(entries, values)
    if node.outputs[0].shape is not None and len(node.outputs[0].shape) == len(made):
        old = node.outputs[0].shape
        node.outputs[0].shape = [n if n not in (None, -1) else o for n, o in zip(made, old, strict=True)]
    return entries


def _named(entry: int | None, value: object, same: object) -> object:
    """What is known of the length that an entry asks for: a number, a symbol, -1 or None."""
    return same if entry == 0 else entry if entry is not None else value


def _rest(shape: list[object], made: list[object]) -> int | None:
    """The length that -1 stands for, where all symbols cancel out."""
    left, right = list(shape), [m for m in made if m != -1]
    for name in [m for m in right if isinstance(m, str)]:
        if name not in left:
            return None
        left.remove(name)
        right.remove(name)
    if not all(isinstance(d, int) for d in (*left, *right)):
        return None
    whole, known = (math.prod(int(str(d)) for d in side) for side in (left, right))
    return whole // known if known and whole % known == 0 else None


def _leave_one_open(entries: list[int | None], values: Values) -> None:
    open_ = [i for i, e in enumerate(entries) if e is None]
    unnamed = [i for i in open_ if values[i] is None]
    if open_:
        entries[(unnamed or open_)[0]] = -1


def _stored(node: gs.Node, entries: list[int | None]) -> gs.Constant:
    return gs.Constant(f"{node.outputs[0].name}/target", np.array(entries, np.int64))


def _mixed(
    graph: gs.Graph, node: gs.Node, place: int, entries: list[int | None], values: Values, main: gs.Graph
) -> gs.Tensor:
    """A Concat of stored entries, lengths of graph inputs, and entries picked from the computed target."""
    computed, base = node.inputs[place], f"{node.outputs[0].name}/target"
    parts: list[gs.Tensor] = []
    made: list[gs.Node] = []
    for i, entry in enumerate(entries):
        named = _length_of_input(main, values[i]) if entry is None and graph is main else None
        if entry is not None:
            parts.append(gs.Constant(f"{base}/{i}", np.array([entry], np.int64)))
        elif named is not None:
            parts.append(named)
        else:
            parts.append(_pick(made, computed, i, f"{base}/{i}"))
    target = gs.Variable(base, np.int64, [len(entries)])
    made.append(gs.Node("Concat", base, {"axis": 0}, parts, [target]))
    at = next(k for k, n in enumerate(graph.nodes) if n is node)
    graph.nodes[at:at] = made
    return target


def _pick(made: list[gs.Node], source: gs.Tensor, i: int, name: str) -> gs.Variable:
    picked = gs.Variable(name, np.int64, [1])
    index = gs.Constant(f"{name}/index", np.array([i], np.int64))
    made.append(gs.Node("Gather", name, {"axis": 0}, [source, index], [picked]))
    return picked


def _length_of_input(main: gs.Graph, symbol: object) -> gs.Tensor | None:
    """The length of an open dimension, read off the graph input that has it; one node for all uses."""
    for tensor in main.inputs:
        for axis, dim in enumerate(tensor.shape or ()):
            if isinstance(dim, str) and dim == symbol:
                return _input_length(main, tensor, axis, dim)
    return None


def _input_length(main: gs.Graph, tensor: gs.Tensor, axis: int, symbol: str) -> gs.Tensor:
    name = f"{symbol}/length"
    for node in tensor.outputs:
        for gather in node.outputs[0].outputs if node.op == "Shape" and node.outputs else ():
            if gather.name == name:
                return gather.outputs[0]
    shape = gs.Variable(f"{name}/shape", np.int64, [len(tensor.shape)])
    made: list[gs.Node] = [gs.Node("Shape", f"{name}/shape", {}, [tensor], [shape])]
    picked = _pick(made, shape, axis, name)
    main.nodes[0:0] = made
    return picked
