"""Learned operands: those that stored tensors alone make, so that nothing computed from an input takes part.

A weight may be transposed, scaled, cast, unpacked or dequantised on its way to the node that multiplies with it. The
matrices of a mixture's experts are looked up: the indices are a router's choice, what is looked up is stored.
"""

from __future__ import annotations

import onnx_graphsurgeon as gs

DEPTH = 8
"""How many nodes may stand between a stored tensor and the operand that it makes."""


def stored_sources(tensor: gs.Tensor, depth: int = DEPTH) -> list[gs.Constant]:
    """The stored tensors that alone make an operand; none where anything computed from inputs takes part."""
    if isinstance(tensor, gs.Constant):
        return [tensor]
    maker = tensor.inputs[0] if tensor.inputs else None
    if maker is None or not depth or not maker.inputs:
        return []
    if _looks_matrices_up(maker):
        return [maker.inputs[0]]
    parts = [stored_sources(t, depth - 1) for t in maker.inputs if not t.is_empty()]
    return [t for part in parts for t in part] if all(parts) else []


def _looks_matrices_up(maker: gs.Node) -> bool:
    """Whether a node looks whole matrices up: those of the experts that a router has chosen."""
    table = maker.inputs[0]
    first = {"Gather": "axis", "GatherND": "batch_dims"}.get(maker.op)
    if first is None or maker.attrs.get(first, 0) != 0:
        return False
    return isinstance(table, gs.Constant) and len(table.shape) > 2 and table.dtype.kind in "fV"
