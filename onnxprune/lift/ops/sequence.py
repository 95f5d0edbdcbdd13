"""Sequences are lists of tensors; an optional is what it holds, or None."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from onnxprune.lift.operator import Call, operator

Host = np.ndarray


@operator("SequenceConstruct", view=True)
def construct(_: Call, *parts: Tensor) -> Any:
    """A list of tensors."""
    return [list(parts)]


@operator("SequenceEmpty")
def empty(_: Call) -> Any:
    """Nothing yet."""
    return [[]]


@operator("SequenceAt", host=(1,), view=True)
def at(_: Call, parts: list[Tensor], place: Host) -> Tensor:
    """One of them; below zero from the end."""
    return parts[int(place)]


@operator("SequenceInsert", host=(2,), view=True)
def insert(_: Call, parts: list[Tensor], new: Tensor, place: Host | None = None) -> Any:
    """One more, at a place or at the end."""
    where = len(parts) if place is None else int(place)
    where += len(parts) if where < 0 else 0
    return [[*parts[:where], new, *parts[where:]]]


@operator("SequenceErase", host=(1,), view=True)
def erase(_: Call, parts: list[Tensor], place: Host | None = None) -> Any:
    """One less, at a place or at the end."""
    where = (-1 if place is None else int(place)) % len(parts)
    return [[*parts[:where], *parts[where + 1 :]]]


@operator("SequenceLength")
def length(_: Call, parts: list[Tensor]) -> Tensor:
    """How many there are."""
    return torch.tensor(len(parts))


@operator("SplitToSequence", host=(1,), view=True)
def split_to_sequence(call: Call, x: Tensor, split: Host | None = None) -> Any:
    """Pieces along an axis: of one index, of one length, or of given lengths."""
    axis = int(call.attr("axis", 0))
    if split is None:
        parts = x.split(1, axis)
        return [list(parts) if call.attr("keepdims", 1) else [p.squeeze(axis) for p in parts]]
    return [list(x.split(int(split) if split.ndim == 0 else [int(v) for v in split], axis))]


@operator("ConcatFromSequence", view=True)
def concat_from_sequence(call: Call, parts: list[Tensor]) -> Tensor:
    """One after the other along an axis, or along a new one."""
    axis = int(call.attr("axis"))
    return torch.stack(parts, axis) if call.attr("new_axis", 0) else torch.cat(parts, axis)


@operator("SequenceMap")
def sequence_map(call: Call, first: list[Tensor], *more: Any) -> Any:
    """A body for all tensors of sequences; what isn't one is the same every time."""
    rows = [
        call.bodies["body"]([part, *(v[i] if isinstance(v, list) else v for v in more)]) for i, part in enumerate(first)
    ]
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in call.wanted]


@operator("Optional", "OptionalGetElement", view=True)
def optional(_: Call, x: Any = None) -> Any:
    """What it holds."""
    return x if isinstance(x, Tensor) else [x]


@operator("OptionalHasElement")
def has_element(_: Call, x: Any = None) -> Tensor:
    """Whether it holds anything."""
    return torch.tensor(x is not None)
