"""Random numbers: others every time, whatever the seed in the file."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from onnxprune.lift.dtypes import of_number
from onnxprune.lift.operator import Call, operator


def _drawn(call: Call, shape: Sequence[int], dtype: torch.dtype, device: torch.device) -> Tensor:
    if call.op.startswith("RandomNormal"):
        return torch.randn(*shape, dtype=dtype, device=device) * call.attr("scale", 1.0) + call.attr("mean", 0.0)
    low, high = call.attr("low", 0.0), call.attr("high", 1.0)
    return torch.rand(*shape, dtype=dtype, device=device) * (high - low) + low


@operator("RandomNormal", "RandomUniform", random=True)
def drawn(call: Call) -> Tensor:
    """Of a shape."""
    return _drawn(call, call.attr("shape"), of_number(int(call.attr("dtype", 1))), torch.device("cpu"))


@operator("RandomNormalLike", "RandomUniformLike", random=True)
def drawn_like(call: Call, x: Tensor) -> Tensor:
    """Of the shape of another tensor."""
    return _drawn(call, x.shape, of_number(int(call.attr("dtype"))) if "dtype" in call.attrs else x.dtype, x.device)


@operator("Bernoulli", random=True)
def bernoulli(call: Call, x: Tensor) -> Tensor:
    """One as often as the operand says, or zero."""
    return torch.bernoulli(x).to(of_number(int(call.attr("dtype"))) if "dtype" in call.attrs else x.dtype)


@operator("Multinomial", random=True)
def multinomial(call: Call, x: Tensor) -> Tensor:
    """Classes by their logarithmic odds [batch, classes]."""
    made = torch.multinomial(torch.softmax(x, -1), int(call.attr("sample_size", 1)), replacement=True)
    return made.to(of_number(int(call.attr("dtype", 6))))
