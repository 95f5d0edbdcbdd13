"""Losses that are part of a graph."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.lift.operator import Call, operator


@operator("NegativeLogLikelihoodLoss")
def nll_loss(call: Call, x: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Minus the logarithms [n, classes, ...] at the targets [n, ...]."""
    ignored = int(call.attr("ignore_index", -(2**62)))
    return F.nll_loss(x, target.long(), weight, ignore_index=ignored, reduction=call.attr("reduction", "mean"))


@operator("SoftmaxCrossEntropyLoss")
def cross_entropy(call: Call, x: Tensor, target: Tensor, weight: Tensor | None = None) -> Sequence[Tensor]:
    """The same of a softmax over the classes, which is the second output."""
    likely = torch.log_softmax(x, 1)
    return [nll_loss(call, likely, target, weight), likely]
