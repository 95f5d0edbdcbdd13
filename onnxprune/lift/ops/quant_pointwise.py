"""Ops of ONNX Runtime that take quantised numbers back, compute, and quantise again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.lift.operator import CONTRIB, Call, operator
from onnxprune.lift.ops.conv import average_pool, global_average_pool, max_pool
from onnxprune.lift.ops.pointwise import softmax, softmax_flattened
from onnxprune.lift.ops.quant import put, taken_back

Zero: TypeAlias = Tensor | None
Function = Callable[[Call, Tensor], Tensor]


@operator("QLinearAdd", "QLinearMul", domain=CONTRIB, weights=(0, 3))
def binary(
    call: Call,
    a: Tensor,
    a_scale: Tensor,
    a_zero: Zero,
    b: Tensor,
    b_scale: Tensor,
    b_zero: Zero,
    y_scale: Tensor,
    y_zero: Zero = None,
) -> Tensor:
    """Of two that broadcast."""
    left, right = taken_back(a, a_scale, a_zero), taken_back(b, b_scale, b_zero)
    return put(call, left + right if call.op == "QLinearAdd" else left * right, y_scale, y_zero, 7)


@operator("QLinearWhere", domain=CONTRIB)
def where(
    call: Call,
    condition: Tensor,
    a: Tensor,
    a_scale: Tensor,
    a_zero: Zero,
    b: Tensor,
    b_scale: Tensor,
    b_zero: Zero,
    y_scale: Tensor,
    y_zero: Zero = None,
) -> Tensor:
    """The one or the other."""
    made = torch.where(condition, taken_back(a, a_scale, a_zero), taken_back(b, b_scale, b_zero))
    return put(call, made, y_scale, y_zero, 8)


@operator("QLinearConcat", domain=CONTRIB)
def concat(call: Call, y_scale: Tensor, y_zero: Zero, *parts: Tensor) -> Tensor:
    """One after the other along an axis; every part has a scale and a zero point behind it."""
    plain = [taken_back(*parts[i : i + 3]) for i in range(0, len(parts), 3)]
    return put(call, torch.cat(plain, int(call.attr("axis", 0))), y_scale, y_zero, 1)


def _softmax(call: Call, x: Tensor) -> Tensor:
    inner = Call("Softmax", int(call.attr("opset", 13)), call.attrs, call.wanted)
    return (softmax if inner.opset >= 13 else softmax_flattened)(inner, x)


def _pooled(pool: Function) -> Function:
    def made(call: Call, x: Tensor) -> Tensor:
        return pool(call, x.movedim(-1, 1)).movedim(1, -1) if call.attr("channels_last", 0) else pool(call, x)

    return made


_FUNCTIONS: dict[str, Function] = {
    "QLinearSigmoid": lambda _, x: torch.sigmoid(x),
    "QLinearLeakyRelu": lambda call, x: F.leaky_relu(x, call.attr("alpha", 0.01)),
    "QLinearSoftmax": _softmax,
    "QLinearGlobalAveragePool": _pooled(global_average_pool),
    "QLinearAveragePool": _pooled(average_pool),
}


@operator(*_FUNCTIONS, domain=CONTRIB)
def unary(call: Call, x: Tensor, x_scale: Tensor, x_zero: Zero, y_scale: Tensor, y_zero: Zero = None) -> Tensor:
    """Of one."""
    return put(call, _FUNCTIONS[call.op](call, taken_back(x, x_scale, x_zero)), y_scale, y_zero, 4)


@operator("NhwcMaxPool", domain=CONTRIB)
def nhwc_max_pool(call: Call, x: Tensor) -> Tensor:
    """Largest values under a window; channels are the last axis."""
    return max_pool(call, x.movedim(-1, 1))[0].movedim(1, -1)
