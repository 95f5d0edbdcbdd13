"""Tensors of unknown rank: where the rank was lost."""

from __future__ import annotations

import onnx_graphsurgeon as gs

from onnxprune.coupling.grounds import Ground, Reason


def rankless(tensor: gs.Tensor, what: str) -> Reason:
    """The reason that a tensor, called `what`, of unknown rank locks a node: it names the node that lost the rank."""
    node = _loser(tensor)
    since = f" since {node.op} '{node.name or node.outputs[0].name}'" if node is not None else ""
    return Reason(f"{what} has no known rank{since}", Ground.RANK)


def _loser(tensor: gs.Tensor) -> gs.Node | None:
    """The first node on the way to the tensor that makes something of unknown rank of what has a known one."""
    node: gs.Node | None = None
    while tensor is not None and tensor.shape is None and tensor.inputs:
        node = tensor.inputs[0]
        tensor = next((t for t in node.inputs if not t.is_empty() and t.shape is None), None)
    return node
