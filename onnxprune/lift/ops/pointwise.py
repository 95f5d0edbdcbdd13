"""Elementwise ops of one operand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.lift.dtypes import kind_of_number, of_number
from onnxprune.lift.operator import CONTRIB, Call, operator
from onnxprune.lift.straight import round_through

_PLAIN: dict[str, Callable[[Tensor], Tensor]] = {
    "Abs": torch.abs,
    "Acos": torch.acos,
    "Acosh": torch.acosh,
    "Asin": torch.asin,
    "Asinh": torch.asinh,
    "Atan": torch.atan,
    "Atanh": torch.atanh,
    "BitwiseNot": torch.bitwise_not,
    "Ceil": torch.ceil,
    "Cos": torch.cos,
    "Cosh": torch.cosh,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "Floor": torch.floor,
    "HardSwish": F.hardswish,
    "IsNaN": torch.isnan,
    "Log": torch.log,
    "Mish": F.mish,
    "Neg": torch.neg,
    "Not": torch.logical_not,
    "Reciprocal": torch.reciprocal,
    "Relu": torch.relu,
    "Round": round_through,
    "Sigmoid": torch.sigmoid,
    "Sign": torch.sign,
    "Sin": torch.sin,
    "Sinh": torch.sinh,
    "Softplus": F.softplus,
    "Softsign": F.softsign,
    "Sqrt": torch.sqrt,
    "Tan": torch.tan,
    "Tanh": torch.tanh,
}
"""Those without attributes."""


def _plain(function: Callable[[Tensor], Tensor]) -> Callable[[Call, Tensor], Tensor]:
    return lambda _, x: function(x)


for _op, _function in _PLAIN.items():
    operator(_op)(_plain(_function))


@operator("Celu")
def celu(call: Call, x: Tensor) -> Tensor:
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1))."""
    return F.celu(x, call.attr("alpha", 1.0))


@operator("Elu")
def elu(call: Call, x: Tensor) -> Tensor:
    """x, or alpha (exp(x) - 1) below zero."""
    return F.elu(x, call.attr("alpha", 1.0))


@operator("Selu")
def selu(call: Call, x: Tensor) -> Tensor:
    """gamma times x, or times alpha (exp(x) - 1) below zero."""
    alpha, gamma = call.attr("alpha", 1.67326319217681884765625), call.attr("gamma", 1.05070102214813232421875)
    return gamma * F.elu(x, alpha)


@operator("Gelu")
def gelu(call: Call, x: Tensor) -> Tensor:
    """Exact, or by tanh."""
    return F.gelu(x, approximate=call.attr("approximate", "none"))


@operator("HardSigmoid")
def hard_sigmoid(call: Call, x: Tensor) -> Tensor:
    """alpha x + beta between 0 and 1."""
    return (call.attr("alpha", 0.2) * x + call.attr("beta", 0.5)).clamp(0, 1)


@operator("LeakyRelu")
def leaky_relu(call: Call, x: Tensor) -> Tensor:
    """x, or alpha x below zero."""
    return F.leaky_relu(x, call.attr("alpha", 0.01))


@operator("ThresholdedRelu")
def thresholded_relu(call: Call, x: Tensor) -> Tensor:
    """x above alpha, or 0."""
    return F.threshold(x, call.attr("alpha", 1.0), 0.0)


@operator("Shrink")
def shrink(call: Call, x: Tensor) -> Tensor:
    """Towards zero by `bias`; 0 within `lambd` of it."""
    limit, bias = call.attr("lambd", 0.5), call.attr("bias", 0.0)
    return torch.where(x < -limit, x + bias, torch.where(x > limit, x - bias, torch.zeros_like(x)))


@operator("Swish")
def swish(call: Call, x: Tensor) -> Tensor:
    """x sigmoid(alpha x)."""
    return x * torch.sigmoid(call.attr("alpha", 1.0) * x)


@operator("IsInf")
def is_inf(call: Call, x: Tensor) -> Tensor:
    """Of either sign, or of one."""
    negative, positive = call.attr("detect_negative", 1), call.attr("detect_positive", 1)
    return (torch.isneginf(x) & bool(negative)) | (torch.isposinf(x) & bool(positive))


@operator("Cast")
def cast(call: Call, x: Tensor) -> Tensor:
    """To another type; a float becomes an integer by cutting."""
    return _as(x, of_number(call.attr("to")))


@operator("CastLike")
def cast_like(_: Call, x: Tensor, like: Tensor) -> Tensor:
    """To the type of the second operand."""
    return _as(x, like.dtype)


def _as(x: Tensor, dtype: torch.dtype) -> Tensor:
    return x if x.dtype == dtype else x.to(dtype)


@operator("Clip", since=11)
def clip(_: Call, x: Tensor, least: Tensor | None = None, most: Tensor | None = None) -> Tensor:
    """Between limits that are operands."""
    return x if least is None and most is None else torch.clamp(x, least, most)


@operator("Clip", until=11)
def clip_by_attributes(call: Call, x: Tensor) -> Tensor:
    """Between limits that are attributes."""
    return torch.clamp(x, call.attr("min"), call.attr("max")) if {"min", "max"} & set(call.attrs) else x


@operator("Dropout")
def dropout(call: Call, x: Tensor, *_: Tensor) -> list[Tensor]:
    """Nothing, as at inference; the mask is all true."""
    return [x, torch.ones_like(x, dtype=torch.bool)] if len(call.wanted) > 1 and call.wanted[1] else [x]


@operator("Identity", view=True)
def identity(_: Call, x: Tensor) -> Tensor:
    """The same."""
    return x


operator("Tap", domain="ai.onnxprune.internal", view=True)(identity)


@operator("QuickGelu", domain=CONTRIB)
def quick_gelu(call: Call, x: Tensor) -> Tensor:
    """x sigmoid(alpha x)."""
    return x * torch.sigmoid(call.attr("alpha", 1.702) * x)


@operator("Gelu", domain=CONTRIB)
def contrib_gelu(_: Call, x: Tensor) -> Tensor:
    """Exact."""
    return F.gelu(x)


@operator("BiasGelu", domain=CONTRIB, weights=(1,))
def bias_gelu(_: Call, x: Tensor, bias: Tensor) -> Tensor:
    """Exact, of the sum."""
    return F.gelu(x + bias)


@operator("FastGelu", domain=CONTRIB, weights=(1,))
def fast_gelu(_: Call, x: Tensor, bias: Tensor | None = None) -> Tensor:
    """By tanh, of the sum."""
    return F.gelu(x if bias is None else x + bias, approximate="tanh")


@operator("Softmax", "LogSoftmax", "Hardmax", since=13)
def softmax(call: Call, x: Tensor) -> Tensor:
    """Along one axis."""
    return _softmax(call.op, x, call.attr("axis", -1))


@operator("Softmax", "LogSoftmax", "Hardmax", until=13)
def softmax_flattened(call: Call, x: Tensor) -> Tensor:
    """Over all axes from `axis` on."""
    axis = int(call.attr("axis", 1)) % max(x.dim(), 1)
    return _softmax(call.op, x.flatten(axis), axis).reshape(x.shape)


def _softmax(op: str, x: Tensor, axis: int) -> Tensor:
    if op == "Hardmax":
        return F.one_hot(x.movedim(axis, -1).argmax(-1), x.shape[axis]).to(x.dtype).movedim(-1, axis)
    return torch.softmax(x, axis) if op == "Softmax" else torch.log_softmax(x, axis)


@operator("CumSum", host=(1,))
def cum_sum(call: Call, x: Tensor, axis: np.ndarray) -> Tensor:
    """Running sums, from either end, with or without the entry itself."""
    at = int(axis.reshape(-1)[0])
    x = x.flip(at) if call.attr("reverse", 0) else x
    made = x.cumsum(at).to(x.dtype)
    made = made - x if call.attr("exclusive", 0) else made
    return made.flip(at) if call.attr("reverse", 0) else made


@operator("CumProd", host=(1,))
def cum_prod(call: Call, x: Tensor, axis: np.ndarray) -> Tensor:
    """Running products, from either end, with or without the entry itself."""
    at = int(axis.reshape(-1)[0])
    x = x.flip(at) if call.attr("reverse", 0) else x
    if call.attr("exclusive", 0):
        x = torch.cat([torch.ones_like(x.narrow(at, 0, 1)), x.narrow(at, 0, x.shape[at] - 1)], at)
    made = x.cumprod(at).to(x.dtype)
    return made.flip(at) if call.attr("reverse", 0) else made


@operator("BitCast")
def bit_cast(call: Call, x: Tensor) -> Tensor:
    """The same bits as another type."""
    if {call.kind(0), kind_of_number(int(call.attr("to")))} & {"float16", "bfloat16", ""}:
        raise NotImplementedError("bits of numbers that are computed with more of them")
    return x.view(of_number(int(call.attr("to"))))
