"""Ops that make tensors out of numbers."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from onnxprune.lift.dtypes import of_number, to_torch
from onnxprune.lift.operator import Call, operator

Host = np.ndarray


@operator("ConstantOfShape", host=(0,))
def constant_of_shape(call: Call, shape: Host) -> Tensor:
    """One number everywhere; zero of float32 by default."""
    value = call.attr("value")
    filler = torch.zeros(1) if value is None else to_torch(np.asarray(value.values)).reshape(-1)
    return filler.expand(tuple(int(v) for v in shape)).clone() if len(shape) else filler[0].clone()


@operator("Range", host=(0, 1, 2))
def range_(_: Call, start: Host, limit: Host, delta: Host) -> Tensor:
    """From, to, by."""
    return torch.from_numpy(np.arange(start.item(), limit.item(), delta.item(), dtype=start.dtype))


@operator("EyeLike")
def eye_like(call: Call, x: Tensor) -> Tensor:
    """Ones on a diagonal."""
    dtype = of_number(call.attr("dtype")) if "dtype" in call.attrs else x.dtype
    rows, columns, k = x.shape[0], x.shape[1], int(call.attr("k", 0))
    return torch.from_numpy(np.eye(rows, columns, k)).to(x.device, dtype)


@operator("OneHot", host=(1,))
def one_hot(call: Call, indices: Tensor, depth: Host, values: Tensor) -> Tensor:
    """The second value where the index is, the first elsewhere."""
    count, axis = int(depth.reshape(-1)[0]), int(call.attr("axis", -1))
    at = indices.long()
    at = torch.where(at < 0, at + count, at)
    hit = at.unsqueeze(-1) == torch.arange(count, device=at.device)
    return torch.where(hit, values[1], values[0]).movedim(-1, axis)


@operator("Constant")
def constant(call: Call) -> Tensor:
    """What the file says."""
    for name, dtype in (
        ("value_float", np.float32),
        ("value_floats", np.float32),
        ("value_int", np.int64),
        ("value_ints", np.int64),
    ):
        if name in call.attrs:
            return torch.from_numpy(np.array(call.attr(name), dtype))
    if "value" not in call.attrs:
        raise NotImplementedError("text, or a sparse tensor")
    return to_torch(np.asarray(call.attr("value").values))
