"""Elementwise ops of several operands, which broadcast."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor

from onnxprune.lift.operator import Call, operator

_PLAIN: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "Add": torch.add,
    "And": torch.logical_and,
    "BitwiseAnd": torch.bitwise_and,
    "BitwiseOr": torch.bitwise_or,
    "BitwiseXor": torch.bitwise_xor,
    "Equal": torch.eq,
    "Greater": torch.gt,
    "GreaterOrEqual": torch.ge,
    "Less": torch.lt,
    "LessOrEqual": torch.le,
    "Mul": torch.mul,
    "Or": torch.logical_or,
    "Sub": torch.sub,
    "Xor": torch.logical_xor,
}


def _plain(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    def made(call: Call, a: Tensor, b: Tensor) -> Tensor:
        return function(a, _placed(call, a, b))

    return made


def _placed(call: Call, a: Tensor, b: Tensor) -> Tensor:
    """The second operand as opsets before 7 place it: from `axis` on, or at the end."""
    if call.opset >= 7 or not call.attr("broadcast", 0) or "axis" not in call.attrs:
        return b
    return b.reshape(*b.shape, *[1] * (a.dim() - int(call.attr("axis")) - b.dim()))


for _op, _function in _PLAIN.items():
    operator(_op)(_plain(_function))


@operator("Div")
def div(call: Call, a: Tensor, b: Tensor) -> Tensor:
    """Of integers it is cut towards zero."""
    b = _placed(call, a, b)
    return a / b if a.is_floating_point() or a.is_complex() else torch.div(a, b, rounding_mode="trunc")


@operator("Mod")
def mod(call: Call, a: Tensor, b: Tensor) -> Tensor:
    """The rest has the sign of the divisor, or with `fmod` that of the dividend."""
    return torch.fmod(a, b) if call.attr("fmod", 0) else torch.remainder(a, b)


@operator("Pow")
def power(call: Call, a: Tensor, b: Tensor) -> Tensor:
    """The type is that of the base."""
    b = _placed(call, a, b)
    if b.numel() == 1 and float(b) == 2.0:  # the derivative needs no logarithm
        return a * a if b.dim() <= a.dim() else (a * a).expand(torch.broadcast_shapes(a.shape, b.shape))
    return torch.pow(a, b).to(a.dtype)


@operator("BitShift")
def bit_shift(call: Call, a: Tensor, b: Tensor) -> Tensor:
    """To the left or right."""
    return a << b if call.attr("direction") == "LEFT" else a >> b


@operator("PRelu", weights=(1,))
def prelu(_: Call, x: Tensor, slope: Tensor) -> Tensor:
    """x, or slope times x below zero."""
    return torch.where(x < 0, x * slope, x)


@operator("Where")
def where(_: Call, condition: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """The one or the other."""
    return torch.where(condition, a, b)


@operator("Max")
def maximum(_: Call, *operands: Tensor) -> Tensor:
    """Of any number of operands."""
    return reduce(torch.maximum, operands)


@operator("Min")
def minimum(_: Call, *operands: Tensor) -> Tensor:
    """Of any number of operands."""
    return reduce(torch.minimum, operands)


@operator("Sum")
def total(_: Call, *operands: Tensor) -> Tensor:
    """Of any number of operands."""
    return reduce(torch.add, operands)


@operator("Mean")
def mean(_: Call, *operands: Tensor) -> Tensor:
    """Of any number of operands."""
    return reduce(torch.add, operands) / len(operands)
