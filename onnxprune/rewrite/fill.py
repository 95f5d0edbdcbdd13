"""Masking a tensor: what goes is replaced by a value that the op at hand does not notice."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.rewrite.nodes import BFLOAT16, Nodes, Unmaskable, describe, element
from onnxprune.rewrite.veil import Gate, Mask

WHERE_SINCE = 9

_WIDENED: dict[np.dtype[Any], np.dtype[Any]] = {
    **{np.dtype(name): np.dtype(np.int32) for name in ("int8", "int16", "uint16")},
    np.dtype("uint32"): np.dtype(np.int64),
    BFLOAT16: np.dtype(np.float32),
}
"""Types for which ONNX Runtime has no Where: the numbers take a way around through a wider one."""

ROWS, COLUMNS, FILTERS = -2, -1, 0

ZERO_POINTS: dict[tuple[str, int], tuple[int, int]] = {
    ("MatMulInteger", 0): (2, ROWS),
    ("MatMulInteger", 1): (3, COLUMNS),
    ("MatMulIntegerToFloat", 0): (4, ROWS),
    ("MatMulIntegerToFloat", 1): (5, COLUMNS),
    ("QLinearMatMul", 0): (2, ROWS),
    ("QLinearMatMul", 3): (5, COLUMNS),
    ("ConvInteger", 0): (2, FILTERS),
    ("ConvInteger", 1): (3, FILTERS),
    ("QLinearConv", 0): (2, FILTERS),
    ("QLinearConv", 3): (5, FILTERS),
    ("QGemm", 0): (2, ROWS),
    ("QAttention", 0): (6, ROWS),
    ("QAttention", 1): (7, COLUMNS),
}
"""(op, operand) -> the operand that says which stored number stands for zero, and the axis along which a vector of such
numbers lies."""

PLAIN = frozenset("MatMul Gemm Einsum ReduceSum ReduceSumSquare ReduceL1 ReduceL2 Sum".split())
"""Ops for which zero is zero whatever the element type."""


def fill(nodes: Nodes, x: gs.Tensor, mask: Mask, value: gs.Tensor | float) -> gs.Variable:
    """`x` where the mask is true, `value` elsewhere. The mask broadcasts against `x`.

    Under a gate, floats that give way to zero are multiplied; all else is either there or not. Raises Unmaskable where
    the opset or the element type has no way to say it.
    """
    dtype = element(x)
    if isinstance(mask, Gate) and dtype.kind in "fV" and not isinstance(value, gs.Tensor) and value == 0:
        return mask.scaled(nodes, x)
    stays = mask.stays() if isinstance(mask, Gate) else nodes.constant(mask)
    if dtype == np.bool_:
        return nodes.make("And", [x, stays], dtype)
    if nodes.opset < WHERE_SINCE:
        return _multiplied(nodes, x, mask, value)
    other = value if isinstance(value, gs.Tensor) else nodes.constant(value, dtype)
    wide = _WIDENED.get(dtype)
    if wide is None:
        return nodes.make("Where", [stays, x, other], dtype)
    x, other = (nodes.make("Cast", [t], wide, to=wide.type) for t in (x, other))
    chosen = nodes.make("Where", [stays, x, other], wide)
    return nodes.make("Cast", [chosen], dtype, to=dtype.type)


def _multiplied(nodes: Nodes, x: gs.Tensor, mask: Mask, value: gs.Tensor | float) -> gs.Variable:
    """Before opset 9, which has no Where: x * mask + value * (1 - mask), for finite x and floats only."""
    dtype = element(x)
    if isinstance(mask, Gate) or isinstance(value, gs.Tensor) or dtype.kind not in "fV":
        raise Unmaskable(f"{describe(nodes.node)} works on {dtype} in opset {nodes.opset}, which can't be masked there")
    kept = nodes.make("Mul", [x, nodes.constant(mask, dtype)], dtype)
    if not value:
        return kept
    finite = np.clip(value, np.finfo(dtype).min, np.finfo(dtype).max)
    return nodes.make("Add", [kept, nodes.constant(np.where(mask, 0, finite), dtype)], dtype)


def neutral(nodes: Nodes, i: int) -> gs.Tensor | float:
    """What operand `i` of the node must hold for a sum over it not to notice.

    That is 0, or the zero point of a quantised operand. Raises Unmaskable where the op is not known to have one.
    """
    node = nodes.node
    x = node.inputs[i]
    if (node.op, i) in ZERO_POINTS:
        place, axis = ZERO_POINTS[node.op, i]
        given = place < len(node.inputs) and not node.inputs[place].is_empty()
        return _aligned(nodes, x, node.inputs[place], axis) if given else 0
    if element(x).kind in "iu" and element(x).itemsize == 1 and node.op not in PLAIN:
        raise Unmaskable(f"{describe(node)} sums over quantised numbers of which none is known to stand for zero")
    return 0


def _aligned(nodes: Nodes, x: gs.Tensor, zero: gs.Tensor, axis: int) -> gs.Tensor:
    """A vector of zero points, one for every index of an axis of `x`, in a shape that broadcasts."""
    if zero.shape is None or len(zero.shape) != 1 or zero.shape[0] == 1:
        return zero
    behind = -axis - 1 if axis < 0 else len(x.shape) - axis - 1
    shape = nodes.constant([-1] + [1] * behind, np.int64)
    return nodes.make("Reshape", [zero, shape], zero.dtype)
