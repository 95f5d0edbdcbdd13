"""Attention and rotary embedding as ONNX has them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.lift.heads import Stage, apart, attend, barred, joined, places, rotated
from onnxprune.lift.operator import Call, operator


@operator("Attention", weights=(0, 1, 2))
def attention(
    call: Call,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    past_k: Tensor | None = None,
    past_v: Tensor | None = None,
    lengths: Tensor | None = None,
) -> Sequence[Tensor | None]:
    """Flat or with an axis for heads, a cache, a mask, one that lets nobody look ahead; keys of several queries."""
    flat = q.dim() == 3
    if flat:
        q = apart(q, int(call.attr("q_num_heads")))
        k, v = (apart(x, int(call.attr("kv_num_heads"))) for x in (k, v))
    before: Tensor | int = 0
    if past_k is not None and past_v is not None:
        before, k, v = past_k.shape[2], torch.cat([past_k, k], 2), torch.cat([past_v, v], 2)
    elif lengths is not None:
        before = lengths - q.shape[2]
    bias = _bias(call, q, k, mask, before, lengths)
    stage = Stage(int(call.attr("qk_matmul_output_mode", 0))) if len(call.wanted) > 3 and call.wanted[3] else None
    made, scores = attend(q, k, v, call.attr("scale"), bias, call.attr("softcap", 0.0), stage=stage)
    return [joined(made) if flat else made, k, v, scores]


def _bias(
    call: Call, q: Tensor, k: Tensor, mask: Tensor | None, before: Tensor | int, lengths: Tensor | None
) -> Tensor | None:
    """What is added to the scores: by the mask, by the order of places, by the lengths of what is cached."""
    found = []
    if mask is not None:
        added = barred(mask, q) if mask.dtype == torch.bool else mask.to(q.dtype)
        found.append(F.pad(added, (0, k.shape[2] - added.shape[-1]), value=-torch.inf))
    left, right = int(call.attr("left_window_size", -1)), int(call.attr("right_window_size", -1))
    distance = places(q.shape[2], k.shape[2], before, q)
    if call.attr("is_causal", 0):
        found.append(barred(distance >= 0, q))
    if left >= 0:
        found.append(barred(distance <= left, q))
    if right >= 0:
        found.append(barred(-distance <= right, q))
    if lengths is not None:
        found.append(barred(torch.arange(k.shape[2], device=q.device) < lengths.reshape(-1, 1, 1, 1), q))
    return sum(found[1:], start=found[0]) if found else None


@operator("RotaryEmbedding")
def rotary(call: Call, x: Tensor, cos: Tensor, sin: Tensor, at: Tensor | None = None) -> Tensor:
    """Dimensions turned by position; the tables are looked up by it, or are given for every place."""
    heads = apart(x, int(call.attr("num_heads"))) if x.dim() == 3 else x
    if at is not None:
        cos, sin = cos[at.long()], sin[at.long()]
    made = rotated(heads, cos, sin, bool(call.attr("interleaved", 0)))
    return joined(made) if x.dim() == 3 else made


@operator("SwiGLU")
def swiglu(call: Call, gate: Tensor, x: Tensor) -> Tensor:
    """gate sigmoid(alpha gate) x."""
    return gate * torch.sigmoid(call.attr("alpha", 1.0) * gate) * x
