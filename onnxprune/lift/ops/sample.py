"""Ops that read pictures between their pixels: grids, regions, deformed kernels."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.lift.operator import Call, operator
from onnxprune.lift.ops.conv import spatial

Host = np.ndarray

_MODES = {"linear": "bilinear", "cubic": "bicubic"}


@operator("GridSample")
def grid_sample(call: Call, x: Tensor, grid: Tensor) -> Tensor:
    """What lies at places between -1 and 1."""
    mode = call.attr("mode", "linear")
    return F.grid_sample(
        x, grid, _MODES.get(mode, mode), call.attr("padding_mode", "zeros"), bool(call.attr("align_corners", 0))
    )


@operator("AffineGrid", host=(1,))
def affine_grid(call: Call, theta: Tensor, size: Host) -> Tensor:
    """Places of a picture that was turned, moved and scaled."""
    return F.affine_grid(theta, [int(v) for v in size], align_corners=bool(call.attr("align_corners", 0)))


@operator("DeformConv", weights=(1, 3))
def deform_conv(
    call: Call, x: Tensor, weight: Tensor, offset: Tensor, bias: Tensor | None = None, mask: Tensor | None = None
) -> Tensor:
    """A convolution whose kernel reads at moved places. x: [n, c, y, x]; offset: [n, (offset groups, kernel, y and x),
    ...]; mask: a factor for every place."""
    if weight.dim() != 4:
        raise NotImplementedError("kernels of other than two axes")
    n, c = x.shape[:2]
    groups, parts, taps = int(call.attr("group", 1)), int(call.attr("offset_group", 1)), weight[0, 0].numel()
    moved = offset.reshape(n, parts, taps, 2, *offset.shape[2:])
    places = [moved[:, :, :, axis] + _base(call, weight, offset, axis) for axis in (0, 1)]
    sizes = x.shape[2:]
    if min(sizes) < 2:
        raise NotImplementedError("pictures of one row or column")
    scaled = [2 * at / (size - 1) - 1 for at, size in zip(places, sizes, strict=True)]
    grid = torch.stack([scaled[1], scaled[0]], -1).flatten(0, 1).flatten(1, 2)
    read = F.grid_sample(x.reshape(n * parts, c // parts, *sizes), grid, "bilinear", "zeros", align_corners=True)
    read = read.reshape(n, parts, c // parts, taps, *offset.shape[2:])
    if mask is not None:
        read = read * mask.reshape(n, parts, 1, taps, *offset.shape[2:])
    read = read.reshape(n, groups, c // groups, taps, *offset.shape[2:])
    kernel = weight.reshape(groups, -1, c // groups, taps)
    made = torch.einsum("ngctyx,goct->ngoyx", read, kernel).flatten(1, 2)
    return made if bias is None else made + bias.reshape(1, -1, 1, 1)


def _base(call: Call, weight: Tensor, offset: Tensor, axis: int) -> Tensor:
    """[taps, y, x]: where a kernel that isn't deformed reads."""
    strides, dilations = spatial(call, "strides", 2), spatial(call, "dilations", 2)
    pads = call.attr("pads") or [0] * 4
    tap = torch.arange(weight.shape[2 + axis], device=offset.device) * dilations[axis]
    place = torch.arange(offset.shape[2 + axis], device=offset.device) * strides[axis] - pads[axis]
    shape = (-1, 1, 1, 1) if axis == 0 else (1, -1, 1, 1)
    at = (1, 1, -1, 1) if axis == 0 else (1, 1, 1, -1)
    both = tap.reshape(shape) + place.reshape(at)
    return both.expand(*weight.shape[2:], *offset.shape[2:]).flatten(0, 1).to(offset.dtype)


@operator("RoiAlign", host=(1, 2))
def roi_align(call: Call, x: Tensor, regions: Host, batch: Host) -> Tensor:
    """Means, or largest values, of points inside the cells of regions [k, 4]."""
    half = call.attr("coordinate_transformation_mode", "half_pixel" if call.opset >= 16 else "") == "half_pixel"
    sizes = (int(call.attr("output_height", 1)), int(call.attr("output_width", 1)))
    scale, density = call.attr("spatial_scale", 1.0), int(call.attr("sampling_ratio", 0))
    largest = call.attr("mode", "avg") == "max"
    rows = []
    for (x1, y1, x2, y2), sample in zip(regions.tolist(), batch.tolist(), strict=True):
        found = []
        for low, high, size, length in ((y1, y2, sizes[0], x.shape[2]), (x1, x2, sizes[1], x.shape[3])):
            start = low * scale - 0.5 * half
            extent = (high - low) * scale if half else max((high - low) * scale, 1.0)
            each = density or math.ceil(extent / size)
            at = start + (np.arange(size * each) + 0.5) * extent / (size * each)
            found.append(torch.from_numpy(_weights(at, length)).to(x.device, x.dtype))
        rows.append(_cells(x[sample], found[0], found[1], sizes, largest))
    return torch.stack(rows) if rows else x.new_zeros(0, x.shape[1], *sizes)


def _weights(at: np.ndarray, length: int) -> np.ndarray:
    """[points, 2, length]: what a point takes of the entry in front of it, and of the one behind."""
    inside = (at >= -1) & (at <= length)
    at = at.clip(0, length - 1)
    low = np.floor(at).astype(np.int64)
    high, rest = np.minimum(low + 1, length - 1), at - low
    made, points = np.zeros((len(at), 2, length)), np.arange(len(at))
    made[points, 0, low], made[points, 1, high] = (1 - rest) * inside, rest * inside
    return made


def _cells(x: Tensor, rows: Tensor, columns: Tensor, sizes: tuple[int, int], largest: bool) -> Tensor:
    """[c, *sizes] of [c, y, x]."""
    if largest:  # of the four weighted neighbours of all points, as ONNX Runtime has it
        parts = torch.einsum("cyx,pay,qbx->cpaqb", x, rows, columns).amax((2, 4))
        return F.adaptive_max_pool2d(parts, sizes)
    points = torch.einsum("cyx,py,qx->cpq", x, rows.sum(1), columns.sum(1))
    return F.adaptive_avg_pool2d(points, sizes)


@operator("MaxRoiPool", host=(1,))
def max_roi_pool(call: Call, x: Tensor, regions: Host) -> Tensor:
    """Largest values inside the cells of regions [k, 5] (batch, x, y, x, y), which are counted in pixels."""
    sizes, scale = [int(v) for v in call.attr("pooled_shape")], call.attr("spatial_scale", 1.0)
    made = []
    for sample, *corners in regions.tolist():
        x1, y1, x2, y2 = (math.floor(v * scale + 0.5) for v in corners)
        rows, columns = _runs(y1, y2, sizes[0], x.shape[2]), _runs(x1, x2, sizes[1], x.shape[3])
        picture = x[int(sample)]
        cells = [
            picture[:, r, c].amax((1, 2)) if r.stop > r.start and c.stop > c.start else picture.new_zeros(x.shape[1])
            for r in rows
            for c in columns
        ]
        made.append(torch.stack(cells, -1).reshape(-1, *sizes))
    return torch.stack(made) if made else x.new_zeros(0, x.shape[1], *sizes)


def _runs(first: int, last: int, count: int, length: int) -> list[slice]:
    each = max(last - first + 1, 1) / count
    ends = [(math.floor(i * each) + first, math.ceil((i + 1) * each) + first) for i in range(count)]
    return [slice(min(max(low, 0), length), min(max(high, 0), length)) for low, high in ends]
