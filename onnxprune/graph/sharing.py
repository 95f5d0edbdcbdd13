"""Shared constants: a constant that is no weight gets a copy for every use, so that sharing couples nothing.

Sharing that is the model's own stays: weights of contractions, normalisations and look-up tables are one tensor
however often they are used.
"""

from __future__ import annotations

from collections.abc import Iterator

import onnx_graphsurgeon as gs

from onnxprune.graph.edit import read
from onnxprune.graph.model import Model, graphs
from onnxprune.graph.naming import Names
from onnxprune.graph.sparse import sparse_form
from onnxprune.graph.standins import CONTRIB

WEIGHTED = frozenset(
    "Conv ConvTranspose ConvInteger QLinearConv DeformConv MatMul MatMulInteger QLinearMatMul Gemm Einsum "
    "BatchNormalization InstanceNormalization LayerNormalization GroupNormalization RMSNormalization LSTM GRU RNN "
    "Transpose DequantizeLinear Cast Identity PRelu".split()
)
"""Ops whose operands are the model's weights: there, sharing is meant."""

WEIGHTED_FIRST = frozenset("Gather Reshape Unsqueeze Squeeze Slice Split".split())
"""Ops whose first operand is; the others say what to do with it."""

PARTED = frozenset(("Slice", "Split"))
"""Ops that take a packed bias to pieces."""

TABLED = frozenset(("RotaryEmbedding", "MultiHeadAttention", "GroupQueryAttention"))
"""Ops of ONNX Runtime that read no weights but tables: cosines and sines, and what is added to scores."""


def split_shared(model: Model, names: Names) -> None:
    """Give every further use of a shared constant, outside of weight operands, a copy (the data is not copied)."""
    for node, i, tensor in _uses(model):
        if len(tensor.outputs) > 1 and not _is_meant(node, i, tensor):
            copy = gs.Constant(names.new(f"{tensor.name}/use"), tensor._values)
            copy.sparse = sparse_form(tensor)
            model.copies[copy.name] = model.copies.get(tensor.name, tensor.name)
            read(node, i, copy)


def _uses(model: Model) -> Iterator[tuple[gs.Node, int, gs.Constant]]:
    for graph in graphs(model):
        for node in graph.nodes:
            for i, tensor in enumerate(list(node.inputs)):
                if isinstance(tensor, gs.Constant):
                    yield node, i, tensor


def _is_meant(node: gs.Node, i: int, tensor: gs.Constant) -> bool:
    if node.domain not in (None, "", "ai.onnx"):
        return node.domain != CONTRIB or (len(tensor.shape) > 1 and node.op not in TABLED)
    if len(tensor.shape) < 2:
        # Exporters store equal biases once; those of layers that are one go together all the same.
        return i == 0 and node.op in PARTED and tensor.dtype.kind == "f"
    if node.op == "Concat":
        return True
    return i == 0 if node.op in WEIGHTED_FIRST else node.op in WEIGHTED


def merge_copies(model: Model) -> None:
    """Copies of one tensor that are equal again become one; what the tensor itself is part of has its name.

    Where that is gone, the first copy has it.
    """
    kept: dict[str, list[gs.Constant]] = {}
    itself: dict[str, gs.Constant] = {}
    copied = set(model.copies.values())
    for node, i, tensor in _uses(model):
        origin = model.copies.get(tensor.name, tensor.name)
        if origin in copied:
            same = _same(kept.setdefault(origin, []), tensor)
            if tensor.name == origin:
                itself[origin] = same
            if same is not tensor:
                read(node, i, same)
    for origin, tensors in kept.items():
        itself.get(origin, tensors[0]).name = origin


def _same(kept: list[gs.Constant], tensor: gs.Constant) -> gs.Constant:
    for other in kept:
        if other is tensor or _equal(other, tensor):
            return other
    kept.append(tensor)
    return tensor


def _equal(a: gs.Constant, b: gs.Constant) -> bool:
    """Whether two stored tensors are the same, bit by bit. Those that were not read are the file's."""
    if a._values is b._values:
        return True
    if a.dtype != b.dtype or tuple(a.shape) != tuple(b.shape):
        return False
    return a.values is b.values or a.values.tobytes() == b.values.tobytes()
