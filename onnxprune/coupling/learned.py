"""Learned operands: those that stored tensors alone make, so that nothing computed from an input takes part.

A weight may be transposed, scaled, cast, unpacked or dequantised on its way to the node that multiplies with it. The
matrices of a mixture's experts are looked up: the indices are a router's choice, what is looked up is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import onnx_graphsurgeon as gs

DEPTH = 8
"""How many nodes may stand between a stored tensor and the operand that it makes."""

Fixed = Mapping[int, gs.Tensor]
"""id() of a tensor in a body that is the same in every iteration -> the tensor outside that it is."""


def stored_sources(tensor: gs.Tensor, fixed: Fixed, depth: int = DEPTH) -> list[gs.Constant]:
    """The stored tensors that alone make an operand; none where anything computed from inputs takes part."""
    tensor = fixed.get(id(tensor), tensor)
    if isinstance(tensor, gs.Constant):
        return [tensor]
    maker = tensor.inputs[0] if tensor.inputs else None
    if maker is None or not depth or not maker.inputs:
        return []
    if _looks_matrices_up(maker):
        return [maker.inputs[0]]
    parts = [stored_sources(t, fixed, depth - 1) for t in maker.inputs if not t.is_empty()]
    return [t for part in parts for t in part] if all(parts) else []


def _looks_matrices_up(maker: gs.Node) -> bool:
    """Whether a node looks whole matrices up: those of the experts that a router has chosen."""
    table = maker.inputs[0]
    first = {"Gather": "axis", "GatherND": "batch_dims"}.get(maker.op)
    if first is None or maker.attrs.get(first, 0) != 0:
        return False
    return isinstance(table, gs.Constant) and len(table.shape) > 2 and table.dtype.kind in "fV"


def fixed_state(graph: gs.Graph) -> dict[int, gs.Tensor]:
    """What Loops and Scans hand to their bodies and get back as it was, as TensorFlow's loops do with their weights."""
    found: dict[int, gs.Tensor] = {}
    for node in graph.nodes:
        for body in [value for value in node.attrs.values() if isinstance(value, gs.Graph)]:
            found.update((id(inner), found.get(id(outer), outer)) for outer, inner in _unchanged(node, body))
            found |= {inner: found.get(id(outer), outer) for inner, outer in fixed_state(body).items()}
    return found


def _unchanged(node: gs.Node, body: gs.Graph) -> Iterator[tuple[gs.Tensor, gs.Tensor]]:
    """(outside, in the body) of every state that comes out of an iteration as it went in."""
    if node.op == "Loop":
        states = zip(node.inputs[2:], body.inputs[2:], body.outputs[1:], strict=False)
    elif node.op == "Scan" and "num_scan_inputs" in node.attrs:
        count = len(node.inputs) - int(node.attrs["num_scan_inputs"])
        states = zip(node.inputs[:count], body.inputs, body.outputs, strict=False)
    else:
        return
    yield from ((outer, inner) for outer, inner, out in states if _origin(out) is inner)


def _origin(tensor: gs.Tensor) -> gs.Tensor:
    while tensor.inputs and tensor.inputs[0].op == "Identity":
        tensor = tensor.inputs[0].inputs[0]
    return tensor
