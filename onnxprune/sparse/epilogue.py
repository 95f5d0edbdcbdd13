"""What follows a product, taken into its node: the activation, and the sum with another tensor.

What ONNX Runtime fuses around its own products it can't fuse around ours, so it is done in the file.
"""

from __future__ import annotations

import math

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph import Model

NEAR = 1e-4
NAMELESS = ("unk", "unkn", "unk_", "None", "none")
"""How names begin that producers give to any length."""

RESIDUAL = 6
"""The operand of SparseMatMul that is added last."""


def fuse(model: Model, node: gs.Node) -> None:
    """Take in what follows a SparseMatMul, in place, where nothing else reads what is between."""
    graph = model.graph
    for match in (_relu, _gelu, _spelt_gelu, _silu):
        found = None if "activation" in node.attrs else match(graph, node.outputs[0])
        if found is not None:
            name, gone = found
            node.attrs["activation"] = name
            _take_over(graph, node, gone)
    _residual(graph, node)


Found = tuple[str, list[gs.Node]] | None
"""The activation's name, and the nodes that make it, the last one last."""


def _readers(graph: gs.Graph, tensor: gs.Tensor) -> list[gs.Node]:
    """The nodes that read it, each once; none where it is an output as well, or a body reads it."""
    if any(tensor is out for out in graph.outputs):
        return []
    found = list({id(node): node for node in tensor.outputs}.values())
    here = {id(node) for node in graph.nodes}
    return found if all(id(node) in here for node in found) else []


def _only(graph: gs.Graph, tensor: gs.Tensor, *ops: str) -> gs.Node | None:
    readers = _readers(graph, tensor)
    return readers[0] if len(readers) == 1 and readers[0].op in ops and not readers[0].domain else None


def _relu(graph: gs.Graph, made: gs.Tensor) -> Found:
    node = _only(graph, made, "Relu")
    return None if node is None else ("relu", [node])


def _gelu(graph: gs.Graph, made: gs.Tensor) -> Found:
    node = _only(graph, made, "Gelu")
    if node is None:
        return None
    return ("gelu_tanh" if node.attrs.get("approximate", "none") == "tanh" else "gelu_erf"), [node]


def _silu(graph: gs.Graph, made: gs.Tensor) -> Found:
    """x sigmoid(x)."""
    readers = {node.op: node for node in _readers(graph, made)}
    if set(readers) != {"Sigmoid", "Mul"} or len(_readers(graph, made)) != 2:
        return None
    sigmoid, product = readers["Sigmoid"], readers["Mul"]
    alone = _only(graph, sigmoid.outputs[0], "Mul") is product
    both = {id(tensor) for tensor in product.inputs} == {id(made), id(sigmoid.outputs[0])}
    return ("silu", [sigmoid, product]) if alone and both else None


def _spelt_gelu(graph: gs.Graph, made: gs.Tensor) -> Found:
    """x / 2 (1 + erf(x / sqrt 2)), the factors in any order."""
    inner = next((n for n in _readers(graph, made) if _is(_scale(n, made), math.sqrt(0.5))), None)
    erf = None if inner is None else _only(graph, inner.outputs[0], "Erf")
    add = None if erf is None else _only(graph, erf.outputs[0], "Add")
    if inner is None or erf is None or add is None or not _is(_number(add, erf.outputs[0]), 1.0):
        return None
    chain, left = [inner, erf, add], ["half", "x"]
    while left:
        node = _only(graph, chain[-1].outputs[0], "Mul")
        found = None if node is None else _factors(graph, node, chain[-1].outputs[0], made)
        if node is None or found is None or not set(found[0]) <= set(left):
            return None
        left = [factor for factor in left if factor not in found[0]]
        chain += [*found[1], node]
    inside = {id(node) for node in chain}
    return ("gelu_erf", chain) if all(id(n) in inside for n in _readers(graph, made)) else None


def _factors(graph: gs.Graph, node: gs.Node, one: gs.Tensor, x: gs.Tensor) -> tuple[list[str], list[gs.Node]] | None:
    """What a product multiplies one operand with: a half, x, or both by a node of their own, which comes along."""
    other = next((tensor for tensor in node.inputs if tensor is not one), one)
    if other is x:
        return ["x"], []
    if _is(_value(other), 0.5):
        return ["half"], []
    maker = other.inputs[0] if other.inputs else None
    if maker is None or maker.op != "Mul" or not _is(_scale(maker, x), 0.5) or _only(graph, other, "Mul") is not node:
        return None
    return ["half", "x"], [maker]


def _scale(node: gs.Node, x: gs.Tensor) -> float | None:
    """What a node multiplies x with."""
    if node.op == "Div":
        value = _value(node.inputs[1]) if node.inputs[0] is x else None
        return 1 / value if value else None
    return _number(node, x) if node.op == "Mul" else None


def _number(node: gs.Node, x: gs.Tensor) -> float | None:
    """The other operand of a node of two, where that is a single number."""
    others = [tensor for tensor in node.inputs if tensor is not x]
    return _value(others[0]) if len(others) == 1 else None


def _value(tensor: gs.Tensor) -> float | None:
    if not isinstance(tensor, gs.Constant) or tensor.values.size != 1 or tensor.values.ndim > 1:
        return None
    return float(np.asarray(tensor.values, np.float64).reshape(()))


def _is(value: float | None, number: float) -> bool:
    return value is not None and abs(value - number) < NEAR


def _residual(graph: gs.Graph, node: gs.Node) -> None:
    """Take in the sum with a computed tensor of the same known shape."""
    made = node.outputs[0]
    add = _only(graph, made, "Add", "Sum")
    if add is None or len(add.inputs) != 2 or len(node.inputs) > RESIDUAL:
        return
    other = add.inputs[1] if add.inputs[0] is made else add.inputs[0]
    same = made.shape is not None and other.shape is not None and list(made.shape) == list(other.shape)
    if other is made or isinstance(other, gs.Constant) or not same or not _told(made.shape):
        return
    at = _place(graph, add)
    graph.nodes[at] = node
    del graph.nodes[_place(graph, node)]  # the first of both: its operands are there by then, and nobody else reads it
    node.inputs += [gs.Variable.empty() for _ in range(RESIDUAL - len(node.inputs))]
    node.inputs.append(other)
    _finish(node, add, [add])


def _told(shape: list[object]) -> bool:
    """Whether two equal shapes are the same: lengths are numbers, or names that mean one length."""
    return all(isinstance(d, int) or (isinstance(d, str) and d.isidentifier() and d[:4] not in NAMELESS) for d in shape)


def _take_over(graph: gs.Graph, node: gs.Node, gone: list[gs.Node]) -> None:
    """Let a node make what a chain behind it made, in the place of the last of them."""
    for other in gone:
        del graph.nodes[_place(graph, other)]
    _finish(node, gone[-1], gone)


def _finish(node: gs.Node, last: gs.Node, gone: list[gs.Node]) -> None:
    result = last.outputs[0]
    for other in gone:
        other.inputs.clear()
        other.outputs.clear()
    node.outputs.clear()
    node.outputs.append(result)


def _place(graph: gs.Graph, node: gs.Node) -> int:
    return next(k for k, other in enumerate(graph.nodes) if other is node)
