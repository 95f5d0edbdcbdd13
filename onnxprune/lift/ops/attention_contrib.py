"""Attention as single ops of ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from onnxprune.lift.heads import Stage, apart, attend, barred, joined, places, rotated
from onnxprune.lift.operator import CONTRIB, Call, operator
from onnxprune.lift.ops.quant import taken_back

FILTER = -10000.0
"""What is added to the score of a key that is masked."""


@operator("Attention", domain=CONTRIB, weights=(1, 2, 5))
def attention(
    call: Call,
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    past: Tensor | None = None,
    added: Tensor | None = None,
    used: Tensor | None = None,
) -> Sequence[Tensor]:
    """The projection [inputs, queries + keys + values] is part of it. past: [2, b, h, p, d]"""
    if call.attr("do_rotary", 0) or used is not None or call.attr("past_present_share_buffer", 0):
        raise NotImplementedError("rotation by position, or a cache of fixed length")
    projected = x @ weight
    projected = projected if bias is None else projected + bias
    sizes = call.attr("qkv_hidden_sizes") or [projected.shape[-1] // 3] * 3
    q, k, v = (apart(part, int(call.attr("num_heads"))) for part in projected.split([int(s) for s in sizes], -1))
    made, k, v, _ = _attended(call, q, k, v, mask, added, None if past is None else (past[0], past[1]))
    cached = len(call.wanted) > 1 and call.wanted[1]
    return [made, torch.stack([k, v])] if cached else [made]


@operator("QAttention", domain=CONTRIB, weights=(1, 2))
def qattention(
    call: Call,
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    x_scale: Tensor,
    weight_scale: Tensor,
    mask: Tensor | None = None,
    x_zero: Tensor | None = None,
    weight_zero: Tensor | None = None,
    past: Tensor | None = None,
) -> Sequence[Tensor]:
    """The same of quantised inputs and projections."""
    plain = taken_back(x, x_scale, x_zero), taken_back(weight, weight_scale, weight_zero)
    return attention(call, *plain, bias, mask, past)


@operator("MultiHeadAttention", domain=CONTRIB, weights=(3, 5))
def multi_head(
    call: Call,
    q: Tensor,
    k: Tensor | None = None,
    v: Tensor | None = None,
    bias: Tensor | None = None,
    mask: Tensor | None = None,
    added: Tensor | None = None,
    past_k: Tensor | None = None,
    past_v: Tensor | None = None,
    *more: Tensor | None,
) -> Sequence[Tensor | None]:
    """Of queries, keys and values that were projected before; they may be packed, keys and values may have an axis for
    heads."""
    if any(v is not None for v in more):
        raise NotImplementedError("a cache of fixed length, or beams")
    heads = int(call.attr("num_heads"))
    if q.dim() == 5:  # [b, s, h, 3, d]
        q, k, v = (part.flatten(2) for part in q.unbind(3))
    elif k is not None and k.dim() == 5:
        k, v = (part.flatten(2) for part in k.unbind(3))
    k, v = (q if k is None else k), (q if v is None else v)
    if bias is not None:
        widths = [q.shape[-1], q.shape[-1], bias.shape[-1] - 2 * q.shape[-1]]
        for_q, for_k, for_v = bias.split(widths, -1)
        q = q + for_q
        k, v = (k + for_k, v + for_v) if k.dim() == 3 else (k, v)
    k, v = (apart(x, heads) if x.dim() == 3 else x for x in (k, v))
    past = None if past_k is None or past_v is None else (past_k, past_v)
    stage = Stage.PRODUCT if len(call.wanted) > 3 and call.wanted[3] else None
    return _attended(call, apart(q, heads), k, v, mask, added, past, stage)


def _attended(
    call: Call,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None,
    added: Tensor | None,
    past: tuple[Tensor, Tensor] | None,
    stage: Stage | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """[b, s, (h e)], keys and values with what was before, scores."""
    before = 0
    if past is not None:
        before, k, v = past[0].shape[2], torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
    bias = None if mask is None else _masked(call, mask, q, k)
    if call.attr("unidirectional", 0):
        ahead = barred(places(q.shape[2], k.shape[2], before, q) >= 0, q, torch.finfo(q.dtype).min)
        bias = ahead if bias is None else bias + ahead
    if added is not None:
        bias = added if bias is None else bias + added
    made, scores = attend(q, k, v, call.attr("scale") or None, bias, stage=stage)
    return joined(made), k, v, scores


def _masked(call: Call, mask: Tensor, q: Tensor, k: Tensor) -> Tensor:
    """What a mask adds to the scores: by the lengths of what is kept [b] (or ends and starts [2 b]), or by 1 for a key
    that counts [b, t], [b, s, t] or [b, 1, all, all]."""
    keys, batch = torch.arange(k.shape[2], device=q.device), q.shape[0]
    if mask.dim() == 1 and mask.numel() in (batch, 2 * batch):
        ends, starts = (mask, torch.zeros_like(mask)) if mask.numel() == batch else mask.chunk(2)
        kept = (keys < ends[:, None]) & (keys >= starts[:, None])
        return barred(kept[:, None, None], q, call.attr("mask_filter_value", FILTER))
    if mask.dim() == 1:
        raise NotImplementedError("a mask of sums of lengths")
    if mask.dim() == 4:
        first = k.shape[2] - q.shape[2]
        mask = mask[:, :, first : k.shape[2], : k.shape[2]]
    else:
        mask = mask[:, None, None] if mask.dim() == 2 else mask[:, None]
    return barred(mask > 0, q, call.attr("mask_filter_value", FILTER))


@operator("RotaryEmbedding", domain=CONTRIB)
def rotary(call: Call, x: Tensor, at: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Dimensions turned by position: places are given, or the first one is."""
    heads = int(call.attr("num_heads", 0))
    if x.dim() == 3:
        width = x.shape[-1] // heads if heads else 2 * cos.shape[-1]
        split = apart(x, x.shape[-1] // width)
    else:
        split = x
    at = at.long()
    if at.numel() == 1:
        at = at.reshape(1, 1) + torch.arange(split.shape[2], device=at.device)
    made = rotated(split, cos[at], sin[at], bool(call.attr("interleaved", 0)))
    return joined(made) if x.dim() == 3 else made


@operator("GroupQueryAttention", domain=CONTRIB)
def group_query(
    call: Call,
    q: Tensor,
    k: Tensor | None,
    v: Tensor | None,
    past_k: Tensor | None,
    past_v: Tensor | None,
    lengths: Tensor,
    total: Tensor,
    cos: Tensor | None = None,
    sin: Tensor | None = None,
    at: Tensor | None = None,
    added: Tensor | None = None,
    sink: Tensor | None = None,
    *more: Tensor | None,
) -> Sequence[Tensor]:
    """Keys of several queries, nobody looks ahead; a cache, rotation, a window. lengths: of what there is for every
    sample with what is new, less one"""
    if any(v is not None for v in more):
        raise NotImplementedError("quantised caches, or normalised queries and keys")
    heads, groups = int(call.attr("num_heads")), int(call.attr("kv_num_heads"))
    if k is None or v is None:
        width = q.shape[-1] // (heads + 2 * groups)
        q, k, v = q.split([heads * width, groups * width, groups * width], -1)
    q, k, v = apart(q, heads), apart(k, groups), apart(v, groups)
    steps, whole = q.shape[2], int(total.reshape(-1)[0])
    before = torch.zeros_like(lengths).long() if steps == whole else lengths.long() + 1 - steps
    if call.attr("do_rotary", 0):
        assert cos is not None
        assert sin is not None
        where = before[:, None] + torch.arange(steps, device=q.device) if at is None else at.long()
        q, k = (rotated(x, cos[where], sin[where], bool(call.attr("rotary_interleaved", 0))) for x in (q, k))
    k, v = (_cached(past, new, before, whole) for past, new in ((past_k, k), (past_v, v)))
    distance = places(steps, k.shape[2], before, q)
    allowed, window = distance >= 0, int(call.attr("local_window_size", -1))
    if window > 0:
        allowed = allowed & (distance < window)
    bias = barred(allowed, q)
    bias = bias if added is None else bias + added
    if sink is None and call.attr("smooth_softmax", 0):
        sink = q.new_zeros(heads)
    made, _ = attend(q, k, v, call.attr("scale") or None, bias, call.attr("softcap", 0.0), sink)
    return [joined(made), k, v]


def _cached(past: Tensor | None, new: Tensor, before: Tensor, whole: int) -> Tensor:
    """What was, with what is new behind it for every sample. past: [b, g, places, d]"""
    length = whole if past is None else max(whole, past.shape[2])
    made = new.new_zeros(*new.shape[:2], length, new.shape[3])
    if past is not None:
        made = torch.cat([past, made[:, :, past.shape[2] :]], 2)
    at = (before[:, None] + torch.arange(new.shape[2], device=new.device))[:, None, :, None].expand_as(new)
    return made.scatter(2, at, new)


@operator("EmbedLayerNormalization", domain=CONTRIB, weights=(2, 3, 4, 5, 6))
def embed_layer_norm(
    call: Call,
    ids: Tensor,
    segments: Tensor | None,
    words: Tensor,
    positions: Tensor,
    kinds: Tensor | None,
    scale: Tensor,
    shift: Tensor,
    mask: Tensor | None = None,
    at: Tensor | None = None,
) -> Sequence[Tensor]:
    """Sums of what is looked up, normalised; how many places of every sample count; the sums."""
    where = torch.arange(ids.shape[1], device=ids.device)[None] if at is None else at.long()
    total = words[ids.long()] + positions[where]
    if kinds is not None and segments is not None:
        total = total + kinds[segments.long()]
    made = torch.nn.functional.layer_norm(total, scale.shape, scale, shift, call.attr("epsilon", 1e-12))
    counts = ids.new_zeros(ids.shape[0]) if mask is None else (mask == 1).sum(1)
    return [made, counts.int(), total]
