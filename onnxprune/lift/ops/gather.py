"""Ops that pick entries out or put entries in by index."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.lift.operator import Call, operator

Host = np.ndarray


def _index(indices: Tensor, size: int) -> Tensor:
    """Indices from the front; those below zero count from the end."""
    at = indices.long()
    return torch.where(at < 0, at + size, at)


@operator("Gather", view=True)
def gather(call: Call, x: Tensor, indices: Tensor) -> Tensor:
    """Slices along an axis; the axes of the indices take its place."""
    axis = int(call.attr("axis", 0)) % x.dim()
    at = _index(indices, x.shape[axis])
    if axis == 0 and x.dim() == 2 and x.is_floating_point():
        return F.embedding(at, x)
    if at.dim() == 0:
        return x.index_select(axis, at.reshape(1)).squeeze(axis)
    picked = x.index_select(axis, at.reshape(-1))
    return picked.reshape(*x.shape[:axis], *at.shape, *x.shape[axis + 1 :])


@operator("GatherElements")
def gather_elements(call: Call, x: Tensor, indices: Tensor) -> Tensor:
    """One entry for every index, which replaces the place along an axis."""
    axis = int(call.attr("axis", 0)) % x.dim()
    return torch.gather(x, axis, _index(indices, x.shape[axis]))


@operator("GatherND", view=True)
def gather_nd(call: Call, x: Tensor, indices: Tensor) -> Tensor:
    """Slices whose places are the rows of the indices."""
    batch, depth = int(call.attr("batch_dims", 0)), indices.shape[-1]
    lead = indices.shape[:batch]
    flat = x.reshape(-1, *x.shape[batch:]) if batch else x.unsqueeze(0)
    rows = indices.reshape(flat.shape[0], -1, depth)
    at = [_index(rows[..., k], flat.shape[1 + k]) for k in range(depth)]
    sample = torch.arange(flat.shape[0], device=x.device)[:, None].expand(at[0].shape) if depth else None
    made = flat[(sample, *at)] if sample is not None else flat
    return made.reshape(*lead, *indices.shape[batch:-1], *x.shape[batch + depth :])


_REDUCTIONS = {"add": "sum", "mul": "prod", "max": "amax", "min": "amin"}


@operator("ScatterElements", "Scatter")
def scatter_elements(call: Call, x: Tensor, indices: Tensor, updates: Tensor) -> Tensor:
    """Entries replaced by, or reduced with, updates along an axis."""
    axis = int(call.attr("axis", 0)) % x.dim()
    at, how = _index(indices, x.shape[axis]), call.attr("reduction", "none")
    if how == "none":
        return x.scatter(axis, at, updates)
    return x.scatter_reduce(axis, at, updates, _REDUCTIONS[how])


@operator("ScatterND")
def scatter_nd(call: Call, x: Tensor, indices: Tensor, updates: Tensor) -> Tensor:
    """Slices replaced by, or reduced with, updates; the rows of the indices are places."""
    depth, how = indices.shape[-1], call.attr("reduction", "none")
    places = tuple(_index(indices[..., k], x.shape[k]) for k in range(depth))
    if how in ("none", "add"):
        return x.index_put(places, updates, accumulate=how == "add")
    flat = torch.zeros_like(places[0])
    for k, at in enumerate(places):
        flat = flat * x.shape[k] + at
    rest = x.shape[depth:]
    rows = x.reshape(-1, *rest)
    at = flat.reshape(-1, *[1] * len(rest)).expand(-1, *rest)
    return rows.scatter_reduce(0, at, updates.reshape(-1, *rest), _REDUCTIONS[how]).reshape(x.shape)


@operator("Compress", host=(1,))
def compress(call: Call, x: Tensor, condition: Host) -> Tensor:
    """Slices along an axis, or entries, where a condition holds."""
    axis = call.attr("axis")
    x = x.reshape(-1) if axis is None else x
    return x.index_select(int(axis or 0), torch.from_numpy(np.flatnonzero(condition)).to(x.device))


@operator("NonZero")
def non_zero(_: Call, x: Tensor) -> Tensor:
    """[rank, count]: places of entries that aren't zero."""
    return x.nonzero().t()


@operator("ArgMax", "ArgMin")
def arg_max(call: Call, x: Tensor) -> Tensor:
    """Where along an axis; the first place, or the last one, of equals."""
    axis = int(call.attr("axis", 0)) % x.dim()
    last = bool(call.attr("select_last_index", 0))
    x = x.flip(axis) if last else x
    found = (torch.argmax if call.op == "ArgMax" else torch.argmin)(x, axis, keepdim=bool(call.attr("keepdims", 1)))
    return x.shape[axis] - 1 - found if last else found


@operator("TopK", host=(1,))
def top_k(call: Call, x: Tensor, count: Host | None = None) -> Sequence[Tensor]:
    """The largest or smallest along an axis, and where they are."""
    k = int(call.attr("k") if count is None else count.reshape(-1)[0])
    axis, largest = int(call.attr("axis", -1)), bool(call.attr("largest", 1))
    values, at = torch.sort(x, dim=axis, descending=largest, stable=True)  # of equals the first, as ONNX asks for
    return values.narrow(axis, 0, k), at.narrow(axis, 0, k)


@operator("TensorScatter")
def tensor_scatter(call: Call, cache: Tensor, update: Tensor, at: Tensor | None = None) -> Tensor:
    """What is new goes into a cache [batch, ...], for every sample from a place of its own on."""
    axis, (batch, steps) = int(call.attr("axis", -2)) % cache.dim(), (cache.shape[0], 0)
    steps = update.shape[axis]
    start = torch.zeros(batch, dtype=torch.long, device=cache.device) if at is None else at.long()
    places = start[:, None] + torch.arange(steps, device=cache.device)
    if call.attr("mode", "linear") == "circular":
        places = places % cache.shape[axis]
    shape = [batch if i == 0 else steps if i == axis else 1 for i in range(cache.dim())]
    return cache.scatter(axis, places.reshape(shape).expand_as(update), update)


@operator("Unique")
def unique(call: Call, x: Tensor) -> Sequence[Tensor]:
    """Different entries or slices, in order or as they come; where each is first, which one every entry is, counts."""
    axis = call.attr("axis")
    found = np.unique(x.detach().cpu().numpy(), True, True, True, axis)
    first, back, counts = (torch.from_numpy(v.reshape(-1)).to(x.device) for v in found[1:])
    if not call.attr("sorted", 1):
        order = first.argsort()
        first, counts, back = first[order], counts[order], order.argsort()[back]
    made = x.reshape(-1)[first] if axis is None else x.index_select(int(axis), first)
    return [made, first, back, counts]
