"""Attention without a softmax: a matrix for every head that keys write to and queries read from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.lift.heads import apart, joined
from onnxprune.lift.operator import Call, operator


@operator("LinearAttention")
def linear_attention(
    call: Call,
    q: Tensor,
    k: Tensor,
    v: Tensor,
    state: Tensor | None = None,
    decay: Tensor | None = None,
    rate: Tensor | None = None,
) -> Sequence[Tensor]:
    """Step by step: the matrix [b, g, d, e] fades by exp(decay), and learns to answer k with v, all of it or what it
    lacks ("delta", times the rate)."""
    groups, heads = int(call.attr("kv_num_heads")), int(call.attr("q_num_heads"))
    q, k, v = apart(q, heads), apart(k, groups), apart(v, groups)
    state = q.new_zeros(*k.shape[:2], k.shape[-1], v.shape[-1]) if state is None else state
    fading = None if decay is None else apart(decay, groups).exp()
    by = None if rate is None else rate.transpose(1, 2).unsqueeze(-1)
    scale, rounds = call.attr("scale") or 1 / math.sqrt(k.shape[-1]), []
    for step in range(q.shape[2]):
        key, value = k[:, :, step], v[:, :, step]
        if fading is not None:
            state = state * fading[:, :, step].unsqueeze(-1)
        if by is not None:
            value = by[:, :, step] * (value - torch.einsum("bgde,bgd->bge", state, key))
        state = state + key.unsqueeze(-1) * value.unsqueeze(-2)
        seen = state.repeat_interleave(heads // groups, 1)
        rounds.append(scale * torch.einsum("bhd,bhde->bhe", q[:, :, step], seen))
    return [joined(torch.stack(rounds, 2)), state]


@operator("CausalConvWithState", weights=(1, 2))
def causal_conv(
    call: Call, x: Tensor, weight: Tensor, bias: Tensor | None = None, past: Tensor | None = None
) -> Sequence[Tensor]:
    """Every channel by a kernel of its own over what was; the last entries are what the next call wants."""
    reach = weight.shape[-1] - 1
    whole = F.pad(x, (reach, 0)) if past is None else torch.cat([past, x], -1)
    made = F.conv1d(whole, weight, bias, groups=x.shape[1])
    made = F.silu(made) if call.attr("activation", "none") in ("silu", "swish") else made
    return [made, whole.narrow(-1, whole.shape[-1] - reach, reach)]
