"""What all forms of attention have in common: heads, who may look where, scores, rotation by position."""

from __future__ import annotations

import math
from enum import IntEnum

import torch
from torch import Tensor
from torch.nn import functional as F


class Stage(IntEnum):
    """What of the scores is wanted, as ONNX numbers it."""

    PRODUCT = 0
    CAPPED = 1
    MASKED = 2
    PROBABILITY = 3


def apart(x: Tensor, heads: int) -> Tensor:
    """[b, s, (h d)] -> [b, h, s, d]."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def joined(x: Tensor) -> Tensor:
    """[b, h, s, d] -> [b, s, (h d)]."""
    return x.transpose(1, 2).flatten(2)


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    scale: float | None = None,
    bias: Tensor | None = None,
    cap: float = 0.0,
    sink: Tensor | None = None,
    stage: Stage | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Mixed values [b, h, s, e], and the scores [b, h, s, t] at a stage where that is asked for.

    q: [b, h, s, d]; k, v: [b, g, t, d or e], where h is a multiple of g; bias: is added to the scores; cap: scores come
    no further than that; sink: [h], scores of a place without a value
    """
    if k.shape[1] != q.shape[1]:
        k = k.repeat_interleave(q.shape[1] // k.shape[1], 1)
    if v.shape[1] != q.shape[1]:
        v = v.repeat_interleave(q.shape[1] // v.shape[1], 1)
    if stage is None and not cap and sink is None:
        return F.scaled_dot_product_attention(q, k, v, None if bias is None else whole(bias, q, k), scale=scale), None
    product = (q * (scale or 1 / math.sqrt(q.shape[-1]))) @ k.transpose(-1, -2)
    capped = cap * torch.tanh(product / cap) if cap else product
    masked = capped if bias is None else capped + bias
    likely = _softmax(masked, sink)
    wanted = None if stage is None else (product, capped, masked, likely)[stage]
    return likely @ v, wanted


def whole(bias: Tensor, q: Tensor, k: Tensor) -> Tensor:
    """A bias as torch's kernel takes it: four axes, the last one as long as there are keys."""
    bias = bias.reshape([1] * (4 - bias.dim()) + list(bias.shape)).to(q.dtype)
    return bias.expand(*bias.shape[:2], q.shape[2], k.shape[2])


def _softmax(scores: Tensor, sink: Tensor | None) -> Tensor:
    """Over keys; who may look nowhere sees nothing."""
    if sink is not None:
        more = sink.reshape(1, -1, 1, 1).expand(*scores.shape[:-1], 1)
        return torch.softmax(torch.cat([scores, more], -1), -1)[..., :-1]
    blind = torch.isneginf(scores).all(-1, keepdim=True)
    return torch.softmax(scores.masked_fill(blind, 0.0), -1).masked_fill(blind, 0.0)


def places(queries: int, keys: int, before: Tensor | int, like: Tensor) -> Tensor:
    """[..., queries, keys]: how far behind a query a key is; negative: it comes later. before: keys in front of the
    first query, a number or [b]"""
    at = torch.arange(queries, device=like.device)[:, None]
    if isinstance(before, Tensor):
        at = at + before.to(like.device).reshape(-1, 1, 1, 1)
    else:
        at = at + before
    return at - torch.arange(keys, device=like.device)


def barred(allowed: Tensor, like: Tensor, number: float = -math.inf) -> Tensor:
    """0 where it is allowed, a very negative number elsewhere."""
    return torch.where(allowed, 0.0, number).to(like.dtype)


def rotated(x: Tensor, cos: Tensor, sin: Tensor, interleaved: bool) -> Tensor:
    """Pairs of a head's first dimensions, turned by their angles. x: [b, h, s, d]; cos, sin: [b, s, r / 2]; the pairs
    are neighbours, or one half is paired with the other"""
    width = 2 * cos.shape[-1]
    turning, still = x[..., :width], x[..., width:]
    cos, sin = cos.unsqueeze(-3), sin.unsqueeze(-3)
    a, b = (turning[..., 0::2], turning[..., 1::2]) if interleaved else turning.chunk(2, -1)
    pair = (a * cos - b * sin, a * sin + b * cos)
    made = torch.stack(pair, -1).flatten(-2) if interleaved else torch.cat(pair, -1)
    return torch.cat([made, still], -1) if still.shape[-1] else made
