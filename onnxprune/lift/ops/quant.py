"""Numbers that are quantised and taken back. Quantised tensors are floats that are whole numbers here; rounding lets
gradients pass straight through, and the scales of activations are what the file says.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from onnxprune.lift.dtypes import LIMITS, kind_of_number
from onnxprune.lift.operator import CONTRIB, Call, operator
from onnxprune.lift.straight import quantized, rounded_as

WHOLE = 255
"""Steps of eight bits."""


def limits(call: Call, place: int) -> tuple[int, int]:
    """Least and largest number of the type that the zero point at a place has; bytes where there is none."""
    return LIMITS.get(call.kind(place), LIMITS["uint8"])


def number(value: Tensor | None, like: Tensor) -> Tensor | float:
    """A zero point to compute with."""
    return 0.0 if value is None else value.to(like.dtype)


def along(value: Tensor, x: Tensor, axis: int) -> Tensor:
    """A scale or zero point as it broadcasts: one for all, or one for every index of an axis."""
    if value.numel() == 1:
        return value.reshape(())
    return value.reshape([-1 if i == axis % x.dim() else 1 for i in range(x.dim())]) if value.dim() == 1 else value


def taken_back(x: Tensor, scale: Tensor, zero: Tensor | None, axis: int = -1) -> Tensor:
    """What quantised numbers stand for."""
    x = x.to(scale.dtype)
    shifted = x if zero is None else x - along(zero.to(scale.dtype), x, axis)
    return shifted * along(scale, x, axis)


def put(call: Call, x: Tensor, scale: Tensor, zero: Tensor | None, place: int, axis: int = -1) -> Tensor:
    """Quantised numbers. place: that of the zero point, whose type tells of the limits"""
    shift = 0.0 if zero is None else along(zero.to(x.dtype), x, axis)
    return quantized(x, along(scale, x, axis), shift, *limits(call, place))


def _blocks(call: Call, value: Tensor | None, x: Tensor) -> Tensor | None:
    """A scale or zero point for every entry where the node has blocks, as it is elsewhere."""
    size, axis = int(call.attr("block_size", 0)), int(call.attr("axis", 1))
    if value is None or not size or value.dim() != x.dim():
        return value
    return value.repeat_interleave(size, axis).narrow(axis, 0, x.shape[axis])


@operator("QuantizeLinear", weights=(0,))
def quantize(call: Call, x: Tensor, scale: Tensor, zero: Tensor | None = None) -> Tensor:
    """round(x / scale) + zero point, per tensor, axis or block; also to floats of eight bits."""
    axis, x = int(call.attr("axis", 1)), x.to(scale.dtype)
    kind = call.kind(2) or kind_of_number(int(call.attr("output_dtype", 0))) or "uint8"
    by = along(_there(_blocks(call, scale, x)), x, axis)
    if kind.startswith("float8"):
        return rounded_as(x / by, getattr(torch, kind), bool(call.attr("saturate", 1)))
    if kind not in LIMITS:
        raise NotImplementedError(f"numbers of type {kind}")
    shift = _blocks(call, zero, x)
    return quantized(x, by, 0.0 if shift is None else along(shift.to(x.dtype), x, axis), *LIMITS[kind])


@operator("DequantizeLinear", weights=(0,))
def dequantize(call: Call, x: Tensor, scale: Tensor, zero: Tensor | None = None) -> Tensor:
    """(x - zero point) scale, per tensor, axis or block."""
    return taken_back(x, _there(_blocks(call, scale, x)), _blocks(call, zero, x), int(call.attr("axis", 1)))


operator("QuantizeLinear", domain=CONTRIB, weights=(0,))(quantize)
operator("DequantizeLinear", domain=CONTRIB, weights=(0,))(dequantize)


@operator("DynamicQuantizeLinear")
def dynamic(_: Call, x: Tensor) -> Sequence[Tensor]:
    """Bytes, the scale, the zero point: by the range of what is there, which holds zero. The range is not
    differentiated."""
    scale, zero = ranged(x)
    return [quantized(x, scale, zero, 0, WHOLE), scale, zero]


def ranged(x: Tensor) -> tuple[Tensor, Tensor]:
    """Scale and zero point by which all numbers fit into a byte."""
    with torch.no_grad():
        least, most = x.amin().clamp(max=0), x.amax().clamp(min=0)
        scale = (most - least) / WHOLE
        scale = torch.where(scale == 0, torch.ones_like(scale), scale)
        return scale, (-least / scale).round().clamp(0, WHOLE)


def seen_in_bytes(x: Tensor) -> Tensor:
    """What is left of numbers that are quantised by their range and taken back."""
    scale, zero = ranged(x)
    return (quantized(x, scale, zero, 0, WHOLE) - zero) * scale


def _there(value: Tensor | None) -> Tensor:
    assert value is not None
    return value
