"""Shared constants: a constant that is no weight gets a copy for every use, so that sharing couples nothing.

Sharing that is the model's own stays: weights of contractions, normalisations and look-up tables are one tensor
however often they are used.
"""

from __future__ import annotations

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph.io import Model
from onnxprune.graph.ownership import bodies

WEIGHTED = frozenset(
    "Conv ConvTranspose ConvInteger QLinearConv DeformConv MatMul MatMulInteger QLinearMatMul Gemm Einsum Gather "
    "BatchNormalization InstanceNormalization LayerNormalization GroupNormalization RMSNormalization LSTM GRU RNN "
    "Transpose DequantizeLinear Cast Identity PRelu Reshape Unsqueeze Squeeze Slice Split Concat".split()
)
"""Ops whose first operands are the model's weights: there, sharing is meant."""


def split_shared(model: Model) -> None:
    """Give every further use of a shared constant, outside of weight operands, a copy (the data is not copied)."""
    uses: dict[int, int] = {}
    for graph in (model.graph, *bodies(model.graph)):
        for node in graph.nodes:
            for i, tensor in enumerate(node.inputs):
                if isinstance(tensor, gs.Constant) and not _meant(node, i, tensor):
                    uses[id(tensor)] = uses.get(id(tensor), 0) + 1
                    if len(tensor.outputs) > 1:
                        node.inputs[i] = _copy(model, tensor, uses[id(tensor)])


def _meant(node: gs.Node, i: int, tensor: gs.Constant) -> bool:
    if node.domain not in (None, "", "ai.onnx"):
        return True
    if node.op == "Concat":
        return bool(tensor.values.ndim > 1)
    if node.op in ("Gather", "Reshape", "Unsqueeze", "Squeeze", "Slice", "Split"):
        return i == 0
    return node.op in WEIGHTED


def _copy(model: Model, tensor: gs.Constant, number: int) -> gs.Constant:
    name = f"{tensor.name}/use{number}"
    model.copies[name] = model.copies.get(tensor.name, tensor.name)
    return gs.Constant(name, tensor.values)


def merge_copies(model: Model) -> None:
    """Copies of one tensor that are equal again become one, under the first name that is left."""
    kept: dict[str, list[gs.Constant]] = {}
    copied = set(model.copies.values())
    for graph in (model.graph, *bodies(model.graph)):
        for node in graph.nodes:
            for i, tensor in enumerate(node.inputs):
                origin = model.copies.get(tensor.name, tensor.name)
                if isinstance(tensor, gs.Constant) and origin in copied:
                    node.inputs[i] = _same(kept.setdefault(origin, []), tensor)
    for origin, tensors in kept.items():
        if all(t.name != origin for t in tensors):
            tensors[0].name = origin


def _same(kept: list[gs.Constant], tensor: gs.Constant) -> gs.Constant:
    for other in kept:
        if other is tensor or _equal(other.values, tensor.values):
            return other
    kept.append(tensor)
    return tensor


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    if a is b:
        return True
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
