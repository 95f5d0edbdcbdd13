"""Steps through which gradients pass straight: the forward value is rounded, the derivative is one.

Bengio, Leonard and Courville 2013, "Estimating or Propagating Gradients Through Stochastic Neurons".
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Round(torch.autograd.Function):
    @staticmethod
    def forward(_: Any, x: Tensor) -> Tensor:
        return x.round()

    @staticmethod
    def backward(_: Any, gradient: Tensor) -> Tensor:
        return gradient


def round_through(x: Tensor) -> Tensor:
    """Round half to even; derivative 1."""
    return x.round() if not x.requires_grad else _Round.apply(x)


def quantized(x: Tensor, scale: Tensor, zero: Tensor | float, least: int, most: int) -> Tensor:
    """Whole numbers as floats: round(x / scale) + zero, within limits; derivative 0 where it is cut."""
    return (round_through(x / scale) + zero).clamp(least, most)


def rounded_as(x: Tensor, dtype: torch.dtype, cut: bool) -> Tensor:
    """The nearest numbers of a short type; derivative 1. cut: what is too large becomes the largest one"""
    most = torch.finfo(dtype).max
    inside = x.clamp(-most, most) if cut else x
    return inside + (inside.detach().to(dtype).to(x.dtype) - inside.detach())
