"""Convolutions and products of quantised numbers: computed with floats that are whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from torch import Tensor

from onnxprune.lift.operator import CONTRIB, Call, operator
from onnxprune.lift.ops.conv import conv
from onnxprune.lift.ops.quant import along, number, put, seen_in_bytes, taken_back
from onnxprune.lift.ops.recurrent import layered

Zero: TypeAlias = Tensor | None


def _rows(value: Tensor | None, like: Tensor) -> Tensor | float:
    """A scale or zero point of a left factor: one, or one for every row."""
    if value is None or value.dim() != 1 or value.numel() == 1:
        return number(value, like)
    return value.to(like.dtype)[:, None]


def _numbers(x: Tensor) -> Tensor:
    return x if x.is_floating_point() else x.float()


@operator("ConvInteger", weights=(1,))
def conv_integer(call: Call, x: Tensor, weight: Tensor, x_zero: Zero = None, w_zero: Zero = None) -> Tensor:
    """A convolution of what is left without zero points."""
    x, weight = _numbers(x), _numbers(weight)
    w_shift = 0.0 if w_zero is None else along(_numbers(w_zero), weight, 0)
    return conv(call, x - number(x_zero, x), weight - w_shift)


@operator("QLinearConv", weights=(3, 8))
def qlinear_conv(
    call: Call,
    x: Tensor,
    x_scale: Tensor,
    x_zero: Zero,
    w: Tensor,
    w_scale: Tensor,
    w_zero: Zero,
    y_scale: Tensor,
    y_zero: Zero,
    bias: Tensor | None = None,
) -> Tensor:
    """A convolution, quantised again; the bias is in units of both scales."""
    added = None if bias is None else bias.to(x_scale.dtype) * (x_scale.reshape(()) * w_scale.reshape(-1))
    made = conv(call, taken_back(x, x_scale, x_zero), taken_back(w, w_scale, w_zero, 0), added)
    return put(call, made, y_scale, y_zero, 7)


@operator("QLinearConv", domain=CONTRIB, weights=(3, 8))
def qlinear_conv_last(call: Call, x: Tensor, *operands: Any) -> Tensor:
    """The same, with channels as the second axis or the last one."""
    if not call.attr("channels_last", 0):
        return qlinear_conv(call, x, *operands)
    return qlinear_conv(call, x.movedim(-1, 1), *operands).movedim(1, -1)


@operator("MatMulInteger", weights=(0, 1))
def matmul_integer(_: Call, a: Tensor, b: Tensor, a_zero: Zero = None, b_zero: Zero = None) -> Tensor:
    """A product of what is left without zero points."""
    a, b = _numbers(a), _numbers(b)
    return (a - _rows(a_zero, a)) @ (b - number(b_zero, b))


@operator("QLinearMatMul", weights=(0, 3))
def qlinear_matmul(
    call: Call,
    a: Tensor,
    a_scale: Tensor,
    a_zero: Zero,
    b: Tensor,
    b_scale: Tensor,
    b_zero: Zero,
    y_scale: Tensor,
    y_zero: Zero,
) -> Tensor:
    """A product, quantised again."""
    a, b = a.to(a_scale.dtype), b.to(b_scale.dtype)
    left, right = (a - _rows(a_zero, a)) * _rows(a_scale, a), (b - number(b_zero, b)) * b_scale
    return put(call, left @ right, y_scale, y_zero, 7)


@operator("MatMulIntegerToFloat", domain=CONTRIB, weights=(0, 1, 6))
def matmul_integer_to_float(
    call: Call,
    a: Tensor,
    b: Tensor,
    a_scale: Tensor,
    b_scale: Tensor,
    a_zero: Zero = None,
    b_zero: Zero = None,
    bias: Tensor | None = None,
) -> Tensor:
    """A product of integers, scaled at once."""
    made = matmul_integer(call, a, b, a_zero, b_zero) * (_rows(a_scale, b_scale) * b_scale)
    return made if bias is None else made + bias


@operator("DynamicQuantizeMatMul", domain=CONTRIB, weights=(1, 4))
def dynamic_quantize_matmul(
    _: Call, a: Tensor, b: Tensor, b_scale: Tensor, b_zero: Zero = None, bias: Tensor | None = None
) -> Tensor:
    """A product whose left factor is quantised by its range."""
    made = seen_in_bytes(a) @ taken_back(b, b_scale, b_zero)
    return made if bias is None else made + bias


@operator("QGemm", domain=CONTRIB, weights=(3, 6))
def qgemm(
    call: Call,
    a: Tensor,
    a_scale: Tensor,
    a_zero: Zero,
    b: Tensor,
    b_scale: Tensor,
    b_zero: Zero,
    c: Tensor | None = None,
    y_scale: Tensor | None = None,
    y_zero: Zero = None,
) -> Tensor:
    """A product of matrices, quantised again where it has a scale; what is added is in units of both scales."""
    turned = bool(call.attr("transB", 0))
    left, right = taken_back(a, a_scale, a_zero), taken_back(b, b_scale, b_zero, 0 if turned else 1)
    product = (left.t() if call.attr("transA", 0) else left) @ (right.t() if turned else right)
    unit = a_scale.reshape(()) * b_scale.reshape(-1)
    product = product if c is None else product + c.to(product.dtype) * unit
    made = call.attr("alpha", 1.0) * product
    return made if y_scale is None else put(call, made, y_scale, y_zero, 8)


@operator("DynamicQuantizeLSTM", domain=CONTRIB, weights=(1, 2, 3, 5, 6, 7), host=(4,))
def dynamic_quantize_lstm(
    call: Call,
    x: Tensor,
    w: Tensor,
    r: Tensor,
    b: Tensor | None,
    lengths: np.ndarray | None,
    hidden: Tensor | None,
    cell: Tensor | None,
    p: Tensor | None,
    w_scale: Tensor,
    w_zero: Tensor,
    r_scale: Tensor,
    r_zero: Tensor,
) -> Sequence[Tensor]:
    """An LSTM whose products quantise what they read by its range; W and R are [directions, inputs, gates x hidden]."""
    plain = [_per_direction(v, s, z).transpose(1, 2) for v, s, z in ((w, w_scale, w_zero), (r, r_scale, r_zero))]
    inner = Call("LSTM", call.opset, call.attrs, call.wanted)
    return layered(inner, x, plain[0], plain[1], b, lengths, (hidden, cell), p, seen_in_bytes)


def _per_direction(value: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    """A scale for every direction, or for every column of every direction."""
    scale, zero = (v.to(scale.dtype).reshape(value.shape[0], 1, -1) for v in (scale, zero))
    return (value.to(scale.dtype) - zero) * scale
