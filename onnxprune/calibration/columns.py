"""What a linear layer reads and makes at some of its positions, out of whole activations.

A position is one entry of the output without its channel axis: a pixel of an image, a token of a sequence. The columns
of a position are what the layer's weight is multiplied with there: for a convolution its patch (im2col), zero where the
kernel hangs over the edge.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from onnxprune.calibration.layer import CONVOLUTIONS, Layer

Array = np.ndarray


def outputs(layer: Layer, made: Array, positions: Array) -> Array:
    """The outputs at positions: [positions, groups, outputs].

    made: the layer's output, whole; positions: indices into its flattened axes but the channels'
    """
    rows = _take(np.moveaxis(made, layer.out, -1), positions)
    return np.asarray(rows.reshape(len(positions), layer.groups, -1))


def count_positions(layer: Layer, made: Sequence[int]) -> int:
    """How many positions an output of that shape has."""
    return math.prod(size for axis, size in enumerate(made) if axis != layer.out)


def columns(layer: Layer, data: Array, made: Sequence[int], positions: Array) -> Array:
    """The columns at positions: [positions, groups, units, taps].

    data: what the layer reads, whole, with all of its units or those that are left; made: the shape of what it makes
    """
    if layer.node.op not in CONVOLUTIONS:
        return _take(np.moveaxis(data, layer.axis, -1), positions).reshape(len(positions), 1, -1, 1)
    sizes = [size for axis, size in enumerate(made) if axis != layer.out]
    sample, *at = np.unravel_index(positions, sizes)
    index, inside = _windows(layer, at, data.shape[2:], made[2:], layer.kernel)
    flat = np.moveaxis(data.reshape(*data.shape[:2], -1), 1, -1)
    patches = flat[sample[:, None], index] * inside[:, :, None].astype(data.dtype)
    return np.asarray(patches.transpose(0, 2, 1).reshape(len(positions), layer.groups, -1, index.shape[1]))


def _take(rows: Array, positions: Array) -> Array:
    return np.asarray(rows.reshape(-1, rows.shape[-1])[positions])


def _windows(
    layer: Layer, at: Sequence[Array], sizes: Sequence[int], made: Sequence[int], kernel: Sequence[int]
) -> tuple[Array, Array]:
    """Flat spatial indices of the input [positions, taps] under the kernel, and whether they lie inside."""
    rank = len(kernel)
    strides, dilations = (layer.node.attrs.get(name) or [1] * rank for name in ("strides", "dilations"))
    turned = layer.node.op == "ConvTranspose"
    index, inside = np.zeros((len(at[0]), 1), np.int64), np.ones((len(at[0]), 1), bool)
    begin = _begin(layer, sizes, made, kernel, strides, dilations)
    for k in range(rank):
        tap = np.arange(kernel[k]) * dilations[k]
        if turned:
            whole, rest = np.divmod(at[k][:, None] + begin[k] - tap, strides[k])
            fits = (rest == 0) & (whole >= 0) & (whole < sizes[k])
        else:
            whole = at[k][:, None] * strides[k] + tap - begin[k]
            fits = (whole >= 0) & (whole < sizes[k])
        whole = np.clip(whole, 0, sizes[k] - 1)
        index = (index[:, :, None] * sizes[k] + whole[:, None, :]).reshape(len(index), -1)
        inside = (inside[:, :, None] & fits[:, None, :]).reshape(len(inside), -1)
    return index, inside


def _begin(
    layer: Layer,
    sizes: Sequence[int],
    made: Sequence[int],
    kernel: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> list[int]:
    """The padding in front of every spatial axis; `auto_pad` splits what is needed, SAME_LOWER with more in front."""
    attrs, rank = layer.node.attrs, len(kernel)
    same = attrs.get("auto_pad", "NOTSET")
    if same in ("NOTSET", "VALID", ""):
        return list((attrs.get("pads") or [0] * rank)[:rank])
    small, large = (sizes, made) if layer.node.op == "ConvTranspose" else (made, sizes)
    spans = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    needed = [
        max((few - 1) * s + span - many, 0) for few, many, s, span in zip(small, large, strides, spans, strict=True)
    ]
    return [(total + 1) // 2 if same == "SAME_LOWER" else total // 2 for total in needed]
