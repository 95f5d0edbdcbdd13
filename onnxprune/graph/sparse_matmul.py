"""The node that multiplies by a packed weight: Y = act(X W + bias) + residual, `ai.onnxprune::SparseMatMul`.

X is [..., k] and Y is [..., n], float32 or float16; the activation is one of ACTIVATIONS. ONNX Runtime runs it with
the plug-in (onnxprune/runtime/native); without that, `spell_out` (spelled_out.py) says the same in the standard's own
nodes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_graphsurgeon as gs
from onnx import OperatorSetIdProto

from onnxprune.errors import InputError
from onnxprune.graph.model import Model
from onnxprune.graph.packed import Array, Packed

DOMAIN, OP, VERSION = "ai.onnxprune", "SparseMatMul", 1

ACTIVATIONS = ("none", "relu", "gelu_erf", "gelu_tanh", "silu")

_ARRAYS = ("values", "index", "pointer", "scales")
BIAS, RESIDUAL = 5, 6
"""Operands behind X and the four arrays."""


def is_sparse_matmul(node: gs.Node) -> bool:
    """Whether a node multiplies by a packed weight."""
    return bool(node.op == OP and node.domain == DOMAIN)


def sparse_matmul(
    packed: Packed,
    x: gs.Tensor,
    y: gs.Tensor,
    *,
    name: str,
    bias: gs.Tensor | None = None,
    residual: gs.Tensor | None = None,
    activation: str = "none",
) -> gs.Node:
    """A node from x to y, to be put into a graph; its model must then be told by `use_domain`.

    name: of the node, and of its stored tensors in front of a dot. bias: [n]; residual: of the shape of y.
    """
    if activation not in ACTIVATIONS:
        raise InputError(f"unknown activation {activation!r}: known are {', '.join(ACTIVATIONS)}")
    attrs: dict[str, object] = {"k": packed.k, "n": packed.n, "block": list(packed.block), "version": VERSION}
    if packed.group:
        attrs["group"] = list(packed.group)
    if activation != "none":
        attrs["activation"] = activation
    inputs = [x, *(_constant(f"{name}.{part}", getattr(packed, part)) for part in _ARRAYS), bias, residual]
    while inputs[-1] is None:
        inputs.pop()
    inputs = [gs.Variable.empty() if t is None else t for t in inputs]
    return gs.Node(OP, name, attrs, inputs, [y], domain=DOMAIN)


def use_domain(model: Model) -> None:
    """Make the model say that it has nodes of this kind."""
    if DOMAIN not in model.opsets:
        model.header.opset_import.append(OperatorSetIdProto(domain=DOMAIN, version=VERSION))


def packed_of(node: gs.Node) -> Packed:
    """The weight of a SparseMatMul node.

    Raises InputError where an attribute or an array is missing, or of a newer version.
    """
    attrs = node.attrs
    if attrs.get("version", VERSION) != VERSION:
        raise InputError(f"SparseMatMul '{node.name}' is of version {attrs['version']}, which is not known yet")
    values, index, pointer, scales = (_stored(node, at) for at in range(1, 5))
    if values is None or index is None or "k" not in attrs or "n" not in attrs:
        raise InputError(f"SparseMatMul '{node.name}' lacks its sizes, or arrays that are stored in the model")
    block, group = _pair(attrs.get("block", (1, 1))), attrs.get("group")
    return Packed(attrs["k"], attrs["n"], values, index, pointer, block, _pair(group) if group else None, scales)


def _pair(values: Sequence[int]) -> tuple[int, int]:
    first, second = values
    return int(first), int(second)


def _constant(name: str, array: Array | None) -> gs.Constant | None:
    return None if array is None else gs.Constant(name, array)


def _stored(node: gs.Node, at: int) -> Array | None:
    tensor = operand(node, at)
    return np.asarray(tensor.values) if isinstance(tensor, gs.Constant) else None


def operand(node: gs.Node, at: int) -> gs.Tensor | None:
    """An input of a node, or None where it is left out."""
    return node.inputs[at] if at < len(node.inputs) and not node.inputs[at].is_empty() else None
