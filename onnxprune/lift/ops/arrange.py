"""Ops that only arrange entries anew: shapes, axes, pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.lift.operator import CONTRIB, Call, operator

Host = np.ndarray


@operator("Reshape", host=(1,), view=True)
def reshape(call: Call, x: Tensor, shape: Host | None = None) -> Tensor:
    """0 keeps a length (unless `allowzero`), -1 follows from the others."""
    wanted = call.ints("shape", shape) or []
    if not call.attr("allowzero", 0):
        wanted = [x.shape[axis] if size == 0 else size for axis, size in enumerate(wanted)]
    return x.reshape(wanted)


@operator("Flatten", view=True)
def flatten(call: Call, x: Tensor) -> Tensor:
    """To a matrix."""
    axis = int(call.attr("axis", 1))
    axis += x.dim() if axis < 0 else 0
    rows = int(np.prod(x.shape[:axis], dtype=np.int64))
    return x.reshape(rows, int(np.prod(x.shape[axis:], dtype=np.int64)))


@operator("Squeeze", host=(1,), view=True)
def squeeze(call: Call, x: Tensor, axes: Host | None = None) -> Tensor:
    """Drop axes of one index."""
    chosen = call.ints("axes", axes)
    return x.squeeze() if chosen is None else x.squeeze(tuple(chosen))


@operator("Unsqueeze", host=(1,), view=True)
def unsqueeze(call: Call, x: Tensor, axes: Host | None = None) -> Tensor:
    """Add axes of one index; they are counted in the result."""
    chosen = call.ints("axes", axes) or []
    rank = x.dim() + len(chosen)
    for axis in sorted(axis % rank for axis in chosen):
        x = x.unsqueeze(axis)
    return x


@operator("Transpose", view=True)
def transpose(call: Call, x: Tensor) -> Tensor:
    """Axes in another order; by default reversed."""
    return x.permute(call.attr("perm") or list(range(x.dim()))[::-1])


@operator("Expand", host=(1,), view=True)
def expand(_: Call, x: Tensor, shape: Host) -> Tensor:
    """Broadcast to a shape, in both directions."""
    return x.expand(torch.broadcast_shapes(x.shape, tuple(int(v) for v in shape)))


@operator("Tile", host=(1, 2), view=True)
def tile(_: Call, x: Tensor, repeats: Host, axis: Host | None = None) -> Tensor:
    """Repeat along axes; opset 1 has one axis and a number."""
    if axis is not None:
        times = [1] * x.dim()
        times[int(axis.reshape(-1)[0])] = int(repeats.reshape(-1)[0])
        return x.repeat(times)
    return x.repeat([int(v) for v in repeats])


@operator("Concat", view=True)
def concat(call: Call, *parts: Tensor) -> Tensor:
    """One after the other along an axis."""
    return torch.cat(parts, int(call.attr("axis", 1)))


@operator("Split", host=(1,), view=True)
def split(call: Call, x: Tensor, sizes: Host | None = None) -> Sequence[Tensor]:
    """Parts along an axis: of given lengths, or equal but for the last."""
    axis, lengths = int(call.attr("axis", 0)), call.ints("split", sizes)
    if lengths is None:
        count = int(call.attr("num_outputs", len(call.wanted)))
        lengths = [len(v) for v in np.split(np.arange(x.shape[axis]), _ends(x.shape[axis], count))]
    return list(x.split(lengths, axis))


def _ends(size: int, count: int) -> list[int]:
    each = -(-size // count)
    return [min(each * (i + 1), size) for i in range(count - 1)]


@operator("Slice", host=(1, 2, 3, 4), view=True)
def slice_(
    call: Call,
    x: Tensor,
    starts: Host | None = None,
    ends: Host | None = None,
    axes: Host | None = None,
    steps: Host | None = None,
) -> Tensor:
    """A run along some axes, with a step of either sign."""
    first, last = call.ints("starts", starts) or [], call.ints("ends", ends) or []
    along = call.ints("axes", axes) or list(range(len(first)))
    by = [1] * len(first) if steps is None else [int(v) for v in steps]
    for start, end, axis, step in zip(first, last, along, by, strict=True):
        run = (
            range(*slice(start, end, step).indices(x.shape[axis]))
            if step > 0
            else _backwards(x, axis, start, end, step)
        )
        if step > 0:
            x = (
                x.narrow(axis, run.start, len(range(run.start, run.stop)))
                if run.stop > run.start
                else x.narrow(axis, 0, 0)
            )
            x = x if step == 1 else x.index_select(axis, torch.arange(0, x.shape[axis], step, device=x.device))
        else:
            x = x.index_select(axis, torch.tensor(list(run), dtype=torch.long, device=x.device))
    return x


def _backwards(x: Tensor, axis: int, start: int, end: int, step: int) -> range:
    size = x.shape[axis]
    start = min(start + size if start < 0 else start, size - 1)
    end = max(end + size, -1) if end < 0 else end
    return range(start, end, step)


_SIDES: dict[str, Callable[[Host, tuple[int, int]], Host]] = {
    "reflect": lambda at, sides: np.pad(at, sides, "reflect"),
    "edge": lambda at, sides: np.pad(at, sides, "edge"),
    "wrap": lambda at, sides: np.pad(at, sides, "wrap"),
}


@operator("Pad", host=(1, 3))
def pad(
    call: Call, x: Tensor, pads: Host | None = None, value: Tensor | None = None, axes: Host | None = None
) -> Tensor:
    """With a number, or with what lies at the edge; less than nothing cuts."""
    amounts = call.ints("pads", pads) or call.ints("paddings") or []
    mode, number = call.attr("mode", "constant"), call.attr("value", 0.0) if value is None else value
    half = len(amounts) // 2
    along = [int(v) % x.dim() for v in axes] if axes is not None else list(range(half))
    for place, axis in enumerate(along):
        before, after = amounts[place], amounts[half + place]
        if before or after:
            x = _padded(x, axis, before, after, mode, number)
    return x


def _padded(x: Tensor, axis: int, before: int, after: int, mode: str, number: float | Tensor) -> Tensor:
    if before < 0 or after < 0:
        low, high = max(-before, 0), max(-after, 0)
        x, before, after = x.narrow(axis, low, x.shape[axis] - low - high), max(before, 0), max(after, 0)
    if mode == "constant":
        sides = [x.new_full((*x.shape[:axis], n, *x.shape[axis + 1 :]), float(number)) for n in (before, after)]
        return torch.cat([sides[0], x, sides[1]], axis)
    size = x.shape[axis]
    at = _SIDES[mode](np.arange(size), (before, after))
    return x.index_select(axis, torch.from_numpy(at).to(x.device))


@operator("DepthToSpace")
def depth_to_space(call: Call, x: Tensor) -> Tensor:
    """[n, (b b c), y, x] -> [n, c, (y b), (x b)], or with c before b b."""
    n, c, height, width = x.shape
    b = int(call.attr("blocksize"))
    if call.attr("mode", "DCR") == "DCR":
        split_ = x.reshape(n, b, b, c // (b * b), height, width).permute(0, 3, 4, 1, 5, 2)
    else:
        split_ = x.reshape(n, c // (b * b), b, b, height, width).permute(0, 1, 4, 2, 5, 3)
    return split_.reshape(n, c // (b * b), height * b, width * b)


@operator("SpaceToDepth")
def space_to_depth(call: Call, x: Tensor) -> Tensor:
    """[n, c, (y b), (x b)] -> [n, (b b c), y, x]."""
    n, c, height, width = x.shape
    b = int(call.attr("blocksize"))
    parts = x.reshape(n, c, height // b, b, width // b, b).permute(0, 3, 5, 1, 2, 4)
    return parts.reshape(n, c * b * b, height // b, width // b)


@operator("Shape")
def shape(call: Call, x: Tensor) -> Tensor:
    """Lengths of the axes from `start` to `end`; they stay on the host."""
    rank = x.dim()
    first, last, _ = slice(call.attr("start", 0), call.attr("end", rank)).indices(rank)
    return torch.tensor(list(x.shape)[first:last], dtype=torch.long)


@operator("Size")
def size(_: Call, x: Tensor) -> Tensor:
    """The number of entries."""
    return torch.tensor(x.numel(), dtype=torch.long)


@operator("Trilu", domain=CONTRIB, host=(1,))
@operator("Trilu", host=(1,))
def trilu(call: Call, x: Tensor, diagonal: Host | None = None) -> Tensor:
    """The upper or lower triangle."""
    k = 0 if diagonal is None else int(diagonal.reshape(-1)[0])
    return torch.triu(x, k) if call.attr("upper", 1) else torch.tril(x, k)


@operator("ReverseSequence", host=(1,))
def reverse_sequence(call: Call, x: Tensor, lengths: Host) -> Tensor:
    """The first entries of every sequence in reverse order."""
    batch, time = int(call.attr("batch_axis", 1)), int(call.attr("time_axis", 0))
    rows = [
        torch.cat([row.narrow(0, 0, int(n)).flip(0), row.narrow(0, int(n), row.shape[0] - int(n))])
        for row, n in zip(x.movedim((batch, time), (0, 1)), lengths, strict=True)
    ]
    return torch.stack(rows).movedim((0, 1), (batch, time))


@operator("Col2Im", host=(1, 2))
def col2im(call: Call, x: Tensor, image: Host, block: Host) -> Tensor:
    """Patches are added up to an image of one or two axes."""
    rank = len(image)
    if rank == 1:
        wide = {k: [0, v[0], 0, v[1]] if k == "pads" else [1, *v] for k, v in call.attrs.items()}
        flat = col2im(replace(call, attrs=wide), x, np.array([1, *image]), np.array([1, *block]))
        return flat.squeeze(2)
    pads = call.attr("pads") or [0] * 2 * rank
    strides, dilations = call.attr("strides") or [1] * rank, call.attr("dilations") or [1] * rank
    whole = [int(size) + pads[i] + pads[rank + i] for i, size in enumerate(image)]
    made = F.fold(x, whole, [int(v) for v in block], dilation=dilations, padding=0, stride=strides)
    for axis, size in enumerate(image):
        made = made.narrow(2 + axis, pads[axis], int(size))
    return made


@operator("CenterCropPad", host=(1,))
def center_crop_pad(call: Call, x: Tensor, shape: Host) -> Tensor:
    """The middle of what is too long; zeros around what is too short."""
    for axis, size in zip(call.attr("axes") or range(x.dim()), shape.tolist(), strict=True):
        lacking = size - x.shape[axis]
        if lacking > 0:
            x = _padded(x, axis % x.dim(), lacking // 2, lacking - lacking // 2, "constant", 0.0)
        else:
            x = x.narrow(axis, -lacking // 2, size)
    return x
