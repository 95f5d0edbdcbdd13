"""Reductions over axes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from onnxprune.lift.operator import Call, operator

Reduction = Callable[[Tensor, tuple[int, ...], bool], Tensor]


def _product(x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    for axis in sorted((axis % x.dim() for axis in axes), reverse=True):
        x = x.prod(axis, keepdim=keep).to(x.dtype)
    return x


def _mean(x: Tensor, axes: tuple[int, ...], keep: bool) -> Tensor:
    if x.is_floating_point():
        return x.mean(axes, keep)
    count = int(np.prod([x.shape[axis] for axis in axes], dtype=np.int64))
    return torch.div(x.sum(axes, keep), count, rounding_mode="trunc").to(x.dtype)


_REDUCTIONS: dict[str, Reduction] = {
    "ReduceMean": _mean,
    "ReduceSum": lambda x, axes, keep: x.sum(axes, keep).to(x.dtype),
    "ReduceMax": lambda x, axes, keep: x.amax(axes, keep),
    "ReduceMin": lambda x, axes, keep: x.amin(axes, keep),
    "ReduceProd": _product,
    "ReduceL1": lambda x, axes, keep: x.abs().sum(axes, keep),
    "ReduceL2": lambda x, axes, keep: torch.linalg.vector_norm(x, dim=axes, keepdim=keep),
    "ReduceSumSquare": lambda x, axes, keep: (x * x).sum(axes, keep),
    "ReduceLogSum": lambda x, axes, keep: x.sum(axes, keep).log(),
    "ReduceLogSumExp": lambda x, axes, keep: torch.logsumexp(x, axes, keep),
}


def _reducing(reduction: Reduction) -> Callable[..., Tensor]:
    def made(call: Call, x: Tensor, axes: np.ndarray | None = None) -> Tensor:
        chosen = call.ints("axes", axes)
        if not chosen:
            if call.attr("noop_with_empty_axes", 0):
                return x
            chosen = list(range(x.dim()))
        return reduction(x, tuple(chosen), bool(call.attr("keepdims", 1))) if x.dim() else x

    return made


for _op, _reduction in _REDUCTIONS.items():
    operator(_op, host=(1,))(_reducing(_reduction))
