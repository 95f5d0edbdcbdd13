"""Which nodes of a model are to be quantised, and which were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph import Model

STEPS = 8
"""Nodes behind a protected one that may have been folded into it."""

_DYNAMIC = {
    "MatMulInteger": "MatMul",
    "ConvInteger": "Conv",
    "DynamicQuantizeLSTM": "LSTM",
    "QAttention": "Attention",
    "QEmbedLayerNormalization": "EmbedLayerNormalization",
}
"""What takes the place of an op where ranges are found in every call."""

_SCALING = frozenset(("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"))


@dataclass(frozen=True, slots=True)
class Left:
    """Names of nodes that stay as they are; warnings: a sentence for every glob that matches nothing"""

    nodes: set[str]
    warnings: list[str]


def named(model: Model) -> Model:
    """The model, its nodes with a name each, by which the quantizer tells them apart."""
    taken = {node.name for node in model.graph.nodes}
    seen: set[str] = set()
    for number, node in enumerate(model.graph.nodes):
        if not node.name or node.name in seen:
            node.name = _free(f"{node.op}_{number}", taken)
        seen.add(node.name)
    return model


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def with_flat_biases(model: Model) -> Model:
    """The model, biases of Gemm as vectors of all outputs: the quantizer makes scales per channel of no others."""
    taken = set(model.graph.tensors())
    for node in model.graph.nodes:
        weight, bias = (*node.inputs, None, None)[1:3]
        if node.op != "Gemm" or not isinstance(weight, gs.Constant) or not isinstance(bias, gs.Constant):
            continue
        outputs = weight.shape[0 if node.attrs.get("transB") else 1]
        if bias.values.shape != (outputs,) and len(bias.values.reshape(-1)) in (1, outputs) and _is_row(bias.values):
            name = _free(bias.name, taken)
            node.inputs[2] = gs.Constant(name, np.broadcast_to(bias.values.reshape(-1), (outputs,)).copy())
    return model


def _is_row(values: np.ndarray) -> bool:
    """Whether it is the same for every sample."""
    return values.ndim < 2 or values.shape[0] == 1


def whole_already(model: Model) -> set[str]:
    """Names of nodes that compute in whole numbers, which the quantizer would wrap once more."""
    return {node.name for node in model.graph.nodes if node.op not in _SCALING and _is_whole(node)}


def kept_floats(source: Model, ready: Model, protect: Sequence[str]) -> Left:
    """What of `ready`, which was made of `source`, stays as it is: nodes that a glob matches, or a weight of theirs.

    A node that others were folded into is found by what it gives out.
    """
    makers = {tensor.name: node.name for node in ready.graph.nodes for tensor in node.outputs}
    found: set[str] = set()
    unmatched = list(protect)
    for graph in (source.graph, ready.graph):
        for node in graph.nodes:
            names = {node.name, *(t.name for t in node.inputs if isinstance(t, gs.Constant))} - {""}
            matching = [glob for glob in protect if any(fnmatchcase(name, glob) for name in names)]
            unmatched = [glob for glob in unmatched if glob not in matching]
            found |= _makers(node, makers) if matching else set()
    return Left(found, [f"protect: '{glob}' matches no weight and no node that uses one" for glob in unmatched])


def _makers(node: gs.Node, makers: dict[str, str]) -> set[str]:
    """Who makes what a node gives out, or else the first thing behind it that is still there."""
    line = [node]
    for _ in range(STEPS):
        made = {makers[tensor.name] for one in line for tensor in one.outputs if tensor.name in makers}
        if made:
            return made
        line = [reader for one in line for tensor in one.outputs for reader in tensor.outputs]
    return set()


def computing_in_whole_numbers(model: Model, left: set[str]) -> Counter[str]:
    """By op as it was in floats, nodes of which that is true. left: names of others."""
    nodes = [node for node in model.graph.nodes if node.op not in _SCALING and node.name not in left]
    return Counter(_DYNAMIC.get(node.op, node.op) for node in nodes if _is_whole(node))


def _is_whole(node: gs.Node) -> bool:
    """Whether all operands are dequantised, the table is of bytes, or the op is one for whole numbers."""
    if node.op in _DYNAMIC:
        return True
    operands = [tensor for tensor in node.inputs[:2] if tensor.name]
    if node.op == "Gather":
        operands = operands[:1]
    return bool(operands) and (all(map(_dequantised, operands)) or (node.op == "Gather" and _of_bytes(operands[0])))


def _dequantised(tensor: gs.Tensor) -> bool:
    return any(node.op == "DequantizeLinear" for node in tensor.inputs)


def _of_bytes(tensor: gs.Tensor) -> bool:
    return isinstance(tensor, gs.Constant) and str(tensor.dtype) in ("int8", "uint8")
