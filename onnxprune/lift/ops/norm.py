"""Normalisations, in inference mode."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.lift.operator import CONTRIB, Call, operator


@operator("BatchNormalization", weights=(1, 2))
def batch_norm(
    call: Call, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor
) -> Tensor | Sequence[Tensor]:
    """By stored statistics; or by those of the batch, which are averaged with them, where the node says so."""
    epsilon = call.attr("epsilon", 1e-5)
    if not call.attr("training_mode", 0):
        return F.batch_norm(x, mean, variance, scale, bias, False, 0.0, epsilon)
    axes, old = [i for i in range(x.dim()) if i != 1], call.attr("momentum", 0.9)
    seen = x.mean(axes), x.var(axes, unbiased=False)
    made = F.batch_norm(x, None, None, scale, bias, True, 0.0, epsilon)
    return [made, mean * old + seen[0] * (1 - old), variance * old + seen[1] * (1 - old)]


@operator("LayerNormalization", weights=(1, 2))
def layer_norm(call: Call, x: Tensor, scale: Tensor, bias: Tensor | None = None) -> Sequence[Tensor | None]:
    """Over all axes from `axis` on; also the mean and what is divided by, inverted, where somebody reads them."""
    axis, epsilon = int(call.attr("axis", -1)) % x.dim(), call.attr("epsilon", 1e-5)
    shape = x.shape[axis:]
    if not any(call.wanted[1:]):
        full = [None if v is None else v.reshape(v.shape[-len(shape) :]).expand(shape) for v in (scale, bias)]
        return [F.layer_norm(x, shape, full[0], full[1], epsilon)]
    axes = tuple(range(axis, x.dim()))
    mean = x.mean(axes, keepdim=True)
    inverse = torch.rsqrt(x.var(axes, unbiased=False, keepdim=True) + epsilon)
    made = (x - mean) * inverse * scale
    return [made if bias is None else made + bias, mean, inverse]


@operator("SimplifiedLayerNormalization", weights=(1,))
def simplified_layer_norm(call: Call, x: Tensor, scale: Tensor) -> Sequence[Tensor]:
    """By the root of the mean square, from `axis` on."""
    axes = tuple(range(int(call.attr("axis", -1)) % x.dim(), x.dim()))
    inverse = torch.rsqrt(x.square().mean(axes, keepdim=True) + call.attr("epsilon", 1e-5))
    return [x * inverse * scale, inverse]


operator("RMSNormalization", weights=(1,))(simplified_layer_norm)


@operator("InstanceNormalization", weights=(1, 2))
def instance_norm(call: Call, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Each channel of each sample over space."""
    axes = tuple(range(2, x.dim()))
    mean = x.mean(axes, keepdim=True)
    inverse = torch.rsqrt(x.var(axes, unbiased=False, keepdim=True) + call.attr("epsilon", 1e-5))
    shape = (1, -1, *[1] * (x.dim() - 2))
    return (x - mean) * (inverse * scale.reshape(shape)) + bias.reshape(shape)


@operator("GroupNormalization", weights=(1, 2))
def group_norm(call: Call, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Groups of channels; opsets before 21 have a scale for every group, later ones for every channel."""
    groups = int(call.attr("num_groups"))
    if call.opset < 21 and scale.numel() == groups:
        scale, bias = (v.repeat_interleave(x.shape[1] // groups) for v in (scale, bias))
    return F.group_norm(x, groups, scale, bias, call.attr("epsilon", 1e-5))


@operator("MeanVarianceNormalization")
def mean_variance(call: Call, x: Tensor) -> Tensor:
    """Mean zero and variance one over axes."""
    axes = tuple(call.attr("axes") or (0, 2, 3))
    centred = x - x.mean(axes, keepdim=True)
    return centred / (centred.square().mean(axes, keepdim=True).sqrt() + 1e-9)


@operator("LpNormalization")
def lp_norm(call: Call, x: Tensor) -> Tensor:
    """Over the norm along an axis; nothing of nothing."""
    axis = int(call.attr("axis", -1))
    norm = torch.linalg.vector_norm(x, ord=int(call.attr("p", 2)), dim=axis, keepdim=True)
    return torch.where(norm == 0, torch.zeros_like(x), x / norm.clamp_min(torch.finfo(x.dtype).tiny))


@operator("LRN")
def lrn(call: Call, x: Tensor) -> Tensor:
    """Over neighbouring channels."""
    alpha, beta, bias = call.attr("alpha", 1e-4), call.attr("beta", 0.75), call.attr("bias", 1.0)
    return F.local_response_norm(x, int(call.attr("size")), alpha, beta, bias)


@operator("SkipLayerNormalization", domain=CONTRIB, weights=(2, 3, 4))
def skip_layer_norm(
    call: Call, x: Tensor, skip: Tensor, scale: Tensor, bias: Tensor | None = None, added: Tensor | None = None
) -> Sequence[Tensor | None]:
    """Of a sum, which is the fourth output."""
    total = x + skip if added is None else x + skip + added
    return [F.layer_norm(total, scale.shape, scale, bias, call.attr("epsilon", 1e-12)), None, None, total]


@operator("SkipSimplifiedLayerNormalization", domain=CONTRIB, weights=(2, 3))
def skip_simplified(
    call: Call, x: Tensor, skip: Tensor, scale: Tensor, added: Tensor | None = None
) -> Sequence[Tensor | None]:
    """The same by the root of the mean square."""
    total = x + skip if added is None else x + skip + added
    inverse = torch.rsqrt(total.square().mean(-1, keepdim=True) + call.attr("epsilon", 1e-12))
    return [total * inverse * scale, None, None, total]
