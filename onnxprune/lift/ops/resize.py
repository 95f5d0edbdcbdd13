"""Resize and Upsample: each axis apart, as a product with a sparse matrix of interpolation weights."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from onnxprune.lift.operator import Call, operator

Host = np.ndarray
Coordinates = Callable[[np.ndarray, float, int, int], np.ndarray]
"""(places in the output, scale, length before, length after) -> places in the input."""

_COORDINATES: dict[str, Coordinates] = {
    "half_pixel": lambda x, s, _, __: (x + 0.5) / s - 0.5,
    "half_pixel_symmetric": lambda x, s, a, b: a / 2 * (1 - b / (s * a)) + (x + 0.5) / s - 0.5,
    "pytorch_half_pixel": lambda x, s, _, b: (x + 0.5) / s - 0.5 if b > 1 else x * 0.0,
    "asymmetric": lambda x, s, _, __: x / s,
    "align_corners": lambda x, _, a, b: x * (a - 1) / (b - 1) if b > 1 else x * 0.0,
}

_NEAREST: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "round_prefer_floor": lambda x: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    "floor": np.floor,
    "ceil": np.ceil,
}


@operator("Resize", host=(1, 2, 3), since=11)
def resize(
    call: Call, x: Tensor, roi: Host | None = None, scales: Host | None = None, sizes: Host | None = None
) -> Tensor:
    """To scales or sizes, of all axes or some."""
    along = [int(a) % x.dim() for a in call.attr("axes") or range(x.dim())]
    policy = call.attr("keep_aspect_ratio_policy", "stretch")
    if sizes is not None and sizes.size:
        after = [int(v) for v in sizes]
        ratios = [new / x.shape[a] for new, a in zip(after, along, strict=True)]
        if policy != "stretch":
            one = min(ratios) if policy == "not_larger" else max(ratios)
            ratios = [one] * len(along)
            after = [math.floor(one * x.shape[a] + 0.5) for a in along]
    elif scales is not None:
        ratios = [float(v) for v in scales]
        after = [math.floor(x.shape[a] * r) for a, r in zip(along, ratios, strict=True)]
    else:
        raise NotImplementedError("neither scales nor sizes")
    if call.attr("coordinate_transformation_mode", "half_pixel") == _CROP and roi is not None:
        for place, (axis, size) in enumerate(zip(along, after, strict=True)):
            x = _cropped(call, x, axis, size, (float(roi[place]), float(roi[len(along) + place])))
        return x
    return _resized(call, x, along, ratios, after)


@operator("Resize", "Upsample", host=(1,), until=11)
def upsample(call: Call, x: Tensor, scales: Host | None = None) -> Tensor:
    """To scales; the corner of a pixel is its place."""
    ratios = [float(v) for v in (call.attr("scales") if scales is None else scales)]
    after = [math.floor(size * r) for size, r in zip(x.shape, ratios, strict=True)]
    attrs = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    old = Call(call.op, call.opset, {**attrs, **call.attrs}, call.wanted)
    return _resized(old, x, list(range(x.dim())), ratios, after)


def _resized(call: Call, x: Tensor, along: list[int], ratios: list[float], after: list[int]) -> Tensor:
    for axis, ratio, size in zip(along, ratios, after, strict=True):
        if ratio != 1 or size != x.shape[axis]:
            x = _along(call, x, axis, ratio, size)
    return x


_CROP = "tf_crop_and_resize"


def _cropped(call: Call, x: Tensor, axis: int, size: int, part: tuple[float, float]) -> Tensor:
    """A part of an axis, in fractions of its length; a number where it goes beyond."""
    last, (start, end) = x.shape[axis] - 1, part
    at = np.arange(size) * (end - start) * last / (size - 1) + start * last if size > 1 else np.array([0.0])
    at = at if size > 1 else np.array([(start + end) / 2 * last])
    made = _taken(call, x, axis, at, 1.0)
    outside = torch.from_numpy((at < 0) | (at > last)).to(x.device)
    shape = [-1 if i == axis else 1 for i in range(x.dim())]
    return torch.where(outside.reshape(shape), float(call.attr("extrapolation_value", 0.0)), made)


def _along(call: Call, x: Tensor, axis: int, ratio: float, size: int) -> Tensor:
    """One axis."""
    how = call.attr("coordinate_transformation_mode", "half_pixel")
    if how not in _COORDINATES:
        raise NotImplementedError(f"coordinates by {how}")
    return _taken(
        call, x, axis, _COORDINATES[how](np.arange(size, dtype=np.float64), ratio, x.shape[axis], size), ratio
    )


def _taken(call: Call, x: Tensor, axis: int, at: np.ndarray, ratio: float) -> Tensor:
    """What lies at some places of an axis, or between its entries."""
    before, mode = x.shape[axis], call.attr("mode", "nearest")
    if mode == "nearest":
        places = _NEAREST[call.attr("nearest_mode", "round_prefer_floor")](at).clip(0, before - 1).astype(np.int64)
        return x.index_select(axis, torch.from_numpy(places).to(x.device))
    squeezed = ratio if call.attr("antialias", 0) and ratio < 1 else 1.0
    matrix = torch.from_numpy(_weights(call, at, before, squeezed)).to(x.device, x.dtype)
    return torch.tensordot(x, matrix, dims=([axis], [1])).movedim(-1, axis)


def _kernel(call: Call) -> tuple[Callable[[np.ndarray], np.ndarray], int]:
    """Weight by distance, and how far it reaches."""
    if call.attr("mode", "nearest") == "linear":
        return lambda d: np.maximum(1 - d, 0), 1
    a = call.attr("cubic_coeff_a", -0.75)

    def cubic(d: np.ndarray) -> np.ndarray:
        near = ((a + 2) * d - (a + 3)) * d * d + 1
        far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
        return np.where(d <= 1, near, np.where(d < 2, far, 0.0))

    return cubic, 2


def _weights(call: Call, at: np.ndarray, before: int, ratio: float) -> np.ndarray:
    """[after, before]: what every place of the output takes of those of the input; the edge goes on for ever.

    ratio: below one, the kernel is as wide as a pixel of the output
    """
    kernel, reach = _kernel(call)
    reach = math.ceil(reach / ratio)
    found = np.zeros((len(at), before))
    first = np.floor(at).astype(np.int64)
    outside = bool(call.attr("exclude_outside", 0))
    for step in range(1 - reach, reach + 1):
        places = first + step
        weight = kernel(np.abs(at - places) * ratio)
        if outside:
            weight = np.where((places >= 0) & (places < before), weight, 0.0)
        np.add.at(found, (np.arange(len(at)), places.clip(0, before - 1)), weight)
    return found / found.sum(axis=1, keepdims=True) if outside or ratio < 1 else found
