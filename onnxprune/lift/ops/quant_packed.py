"""Weights in blocks along one axis, several to a byte: the integers stay, their scales are learned."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.lift.operator import CONTRIB, Call, operator
from onnxprune.lift.straight import round_through


def unpacked(x: Tensor, bits: int) -> Tensor:
    """Bytes -> numbers of 2, 4 or 8 bits, the low ones first; the last axis gets as much longer."""
    if bits == 8:
        return x
    places = torch.arange(0, 8, bits, device=x.device, dtype=torch.uint8)
    return ((x.unsqueeze(-1) >> places) & (2**bits - 1)).flatten(-2)


@operator("MatMulNBits", domain=CONTRIB, weights=(2, 5))
def matmul_n_bits(
    call: Call,
    a: Tensor,
    packed: Tensor,
    scales: Tensor,
    zeros: Tensor | None = None,
    order: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    """A [..., k] by a matrix [n, blocks, bytes of a block] with a scale and a zero point for every block."""
    if call.attr("weight_prepacked", 0):
        raise NotImplementedError("weights laid out for one kind of processor")
    n, k = int(call.attr("N")), int(call.attr("K"))
    bits, size = int(call.attr("bits", 4)), int(call.attr("block_size"))
    numbers = unpacked(packed.reshape(n, -1, packed.shape[-1]), bits).to(scales.dtype)
    count = numbers.shape[1]
    scale = scales.reshape(n, count)
    if zeros is None:
        zero = scale.new_full((n, count), 2 ** (bits - 1))
    elif zeros.is_floating_point():
        zero = zeros.reshape(n, count)
    else:
        zero = unpacked(zeros.reshape(n, -1), bits)[:, :count].to(scale.dtype)
    if order is None:
        weight = ((numbers - zero[..., None]) * scale[..., None]).reshape(n, -1)[:, :k]
    else:
        of = order.long()[:k]
        weight = (numbers.reshape(n, count * size)[:, :k] - zero[:, of]) * scale[:, of]
    made = (_short(a, size) if call.attr("accuracy_level", 0) == _BYTES else a) @ weight.t()
    return made if bias is None else made + bias


_BYTES = 4
"""The level of accuracy at which ONNX Runtime reads the left factor as bytes."""


def _short(a: Tensor, size: int) -> Tensor:
    """What is left of rows whose every block is rounded to a 127th of its largest magnitude."""
    k = a.shape[-1]
    blocks = F.pad(a, (0, -k % size)).unflatten(-1, (-1, size))
    scale = (blocks.detach().abs().amax(-1, keepdim=True) / 127).clamp_min(torch.finfo(a.dtype).tiny)
    return (round_through(blocks / scale) * scale).flatten(-2)[..., :k]


@operator("GatherBlockQuantized", domain=CONTRIB, weights=(2,))
def gather_block_quantized(
    call: Call, table: Tensor, indices: Tensor, scales: Tensor, zeros: Tensor | None = None
) -> Tensor:
    """Slices along an axis of a table with a scale and a zero point for every block along another one."""
    rank = table.dim()
    across, size = int(call.attr("quantize_axis", 1)) % rank, int(call.attr("block_size", 128))
    axis, kind = int(call.attr("gather_axis", 0)) % rank, call.kind(0)
    bits = int(call.attr("bits", 4)) if kind == "uint8" else 8
    at = indices.long().reshape(-1)
    rows, scale, zero = (
        None if v is None else v.index_select(axis, torch.where(at < 0, at + v.shape[axis], at))
        for v in (table, scales, zeros)
    )
    assert rows is not None
    assert scale is not None
    numbers = (unpacked(rows, bits) if kind == "uint8" else rows).to(scales.dtype)
    if zero is None:
        shift: Tensor | float = float(2 ** (bits - 1)) if kind == "uint8" else 0.0
    else:
        plain = unpacked(zero, bits).narrow(-1, 0, scale.shape[-1]) if kind == "uint8" else zero
        shift = plain.to(scales.dtype).repeat_interleave(size, across).narrow(across, 0, numbers.shape[across])
    by = scale.repeat_interleave(size, across).narrow(across, 0, numbers.shape[across])
    made = (numbers - shift) * by
    return made.reshape(*made.shape[:axis], *indices.shape, *made.shape[axis + 1 :])
