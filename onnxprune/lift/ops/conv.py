"""Convolutions and pooling."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from onnxprune.lift.operator import CONTRIB, Call, operator

_CONV: dict[int, Callable[..., Tensor]] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TURNED: dict[int, Callable[..., Tensor]] = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
_MAX: dict[int, Callable[..., Tensor]] = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_AVERAGE: dict[int, Callable[..., Tensor]] = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def padding(call: Call, sizes: Sequence[int], kernel: Sequence[int]) -> list[tuple[int, int]]:
    """How much of nothing stands before and behind each spatial axis."""
    rank, auto = len(kernel), call.attr("auto_pad", "NOTSET")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        strides, dilations = spatial(call, "strides", rank), spatial(call, "dilations", rank)
        found = []
        for size, k, stride, dilation in zip(sizes, kernel, strides, dilations, strict=True):
            total = max((math.ceil(size / stride) - 1) * stride + dilation * (k - 1) + 1 - size, 0)
            less = total // 2
            found.append((less, total - less) if auto == "SAME_UPPER" else (total - less, less))
        return found
    pads = call.attr("pads") if auto == "NOTSET" else None
    pads = pads or [0] * 2 * rank
    return list(zip(pads[:rank], pads[rank:], strict=True))


def spatial(call: Call, name: str, rank: int, default: int = 1) -> list[int]:
    """An attribute with a number for each spatial axis."""
    return [int(v) for v in call.attr(name) or [default] * rank]


def _padded(x: Tensor, pads: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
    flat = [amount for pair in reversed(pads) for amount in pair]
    return F.pad(x, flat, value=value) if any(flat) else x


@operator("Conv", weights=(1, 2))
def conv(call: Call, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """[n, c, *] by a kernel [o, c / group, *]."""
    rank = weight.dim() - 2
    pads = padding(call, x.shape[2:], weight.shape[2:])
    even = all(before == after for before, after in pads)
    x = x if even else _padded(x, pads)
    around = [before for before, _ in pads] if even else 0
    strides, dilations = spatial(call, "strides", rank), spatial(call, "dilations", rank)
    return _CONV[rank](x, weight, bias, strides, around, dilations, int(call.attr("group", 1)))


@operator("ConvTranspose", weights=(1, 2))
def conv_transpose(call: Call, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The derivative of a convolution; what it makes is cut by the padding, or to a given shape."""
    rank = weight.dim() - 2
    strides, dilations = spatial(call, "strides", rank), spatial(call, "dilations", rank)
    more = spatial(call, "output_padding", rank, 0)
    made = _TURNED[rank](x, weight, bias, strides, 0, 0, int(call.attr("group", 1)), dilations)
    pads, given = _cuts(call, x, weight, strides, dilations, more)
    for axis, (before, after) in enumerate(pads, 2):
        length = given[axis - 2] if given else made.shape[axis] - before - after + more[axis - 2]
        lacking = before + length - made.shape[axis]
        if lacking > 0:  # beyond what the kernel reaches there is only the bias
            shape = list(made.shape)
            shape[axis] = lacking
            filler = made.new_zeros(shape) if bias is None else bias.reshape(1, -1, *[1] * rank).expand(shape)
            made = torch.cat([made, filler], axis)
        made = made.narrow(axis, before, length)
    return made


def _cuts(
    call: Call, x: Tensor, weight: Tensor, strides: list[int], dilations: list[int], more: list[int]
) -> tuple[list[tuple[int, int]], list[int]]:
    """How much goes at both ends of each axis, and the lengths that are left where they are given."""
    kernel, auto = weight.shape[2:], call.attr("auto_pad", "NOTSET")
    given = [int(v) for v in call.attr("output_shape") or ()][-len(kernel) :]
    if not given and auto in ("SAME_UPPER", "SAME_LOWER"):
        given = [size * stride for size, stride in zip(x.shape[2:], strides, strict=True)]
    if not given:
        return padding(call, x.shape[2:], kernel), []
    found = []
    for axis, size in enumerate(given):
        full = strides[axis] * (x.shape[2 + axis] - 1) + more[axis] + (kernel[axis] - 1) * dilations[axis] + 1
        total = max(full - size, 0)
        less = total // 2
        found.append((less, total - less) if auto == "SAME_UPPER" else (total - less, less))
    return found, given


def window(call: Call, x: Tensor) -> tuple[list[int], list[int], list[int], list[tuple[int, int]]]:
    """Kernel, strides, dilations and padding of a pooling; the padding holds also what rounding up asks for."""
    kernel = [int(v) for v in call.attr("kernel_shape")]
    rank = len(kernel)
    strides, dilations = spatial(call, "strides", rank), spatial(call, "dilations", rank)
    return kernel, strides, dilations, padding(call, x.shape[2:], kernel)


def _beyond(
    call: Call, x: Tensor, kernel: list[int], strides: list[int], dilations: list[int], pads: list[tuple[int, int]]
) -> list[int]:
    """How much further a window reaches where the number of windows is rounded up."""
    if not call.attr("ceil_mode", 0):
        return [0] * len(kernel)
    found = []
    for _axis, (size, k, stride, dilation, (before, after)) in enumerate(
        zip(x.shape[2:], kernel, strides, dilations, pads, strict=True)
    ):
        span, whole = dilation * (k - 1) + 1, size + before + after
        count = math.ceil((whole - span) / stride) + 1
        count -= (count - 1) * stride >= size + before  # a window must not start behind the data
        found.append(max((count - 1) * stride + span - whole, 0))
    return found


@operator("MaxPool")
def max_pool(call: Call, x: Tensor) -> list[Tensor]:
    """Largest values under a window, and where they are in the whole tensor where somebody asks."""
    kernel, strides, dilations, pads = window(call, x)
    more = _beyond(call, x, kernel, strides, dilations, pads)
    pads = [(before, after + extra) for (before, after), extra in zip(pads, more, strict=True)]
    whole = not x.is_floating_point()
    wide = x.float() if whole else x
    pool, asked = _MAX[len(kernel)], any(call.wanted[1:])
    if not asked:
        made = pool(_padded(wide, pads, -math.inf), kernel, strides, 0, dilations)
        return [made.to(x.dtype) if whole else made]
    made, at = pool(_padded(wide, pads, -math.inf), kernel, strides, 0, dilations, return_indices=True)
    return [made.to(x.dtype) if whole else made, _places(call, x, at, pads)]


def _places(call: Call, x: Tensor, at: Tensor, pads: Sequence[tuple[int, int]]) -> Tensor:
    """Places in padded space -> places in the whole tensor, by rows or (storage_order) columns of space."""
    sizes = x.shape[2:]
    found, scale = torch.zeros_like(at), 1
    along = []
    for size, (before, after) in reversed(list(zip(sizes, pads, strict=True))):
        along.append((at % (size + before + after) - before, size))
        at = at // (size + before + after)
    for place, size in reversed(along) if call.attr("storage_order", 0) else along:
        found, scale = found + place * scale, scale * size
    starts = torch.arange(x.shape[0] * x.shape[1], device=x.device) * math.prod(sizes)
    return found + starts.reshape(x.shape[0], x.shape[1], *[1] * len(sizes))


@operator("MaxUnpool", host=(2,))
def max_unpool(call: Call, x: Tensor, at: Tensor, shape: np.ndarray | None = None) -> Tensor:
    """Values back at their places, zeros elsewhere."""
    kernel = [int(v) for v in call.attr("kernel_shape")]
    strides, pads = spatial(call, "strides", len(kernel)), call.attr("pads") or [0] * 2 * len(kernel)
    sizes = [
        (size - 1) * stride + k - pads[i] - pads[len(kernel) + i]
        for i, (size, stride, k) in enumerate(zip(x.shape[2:], strides, kernel, strict=True))
    ]
    sizes = sizes if shape is None else [int(v) for v in shape[2:]]
    made = x.new_zeros(x.shape[0] * x.shape[1] * math.prod(sizes))
    return made.index_put((at.reshape(-1),), x.reshape(-1)).reshape(*x.shape[:2], *sizes)


@operator("AveragePool")
def average_pool(call: Call, x: Tensor) -> Tensor:
    """Means under a window; padding counts where it says so."""
    kernel, strides, dilations, pads = window(call, x)
    more = _beyond(call, x, kernel, strides, dilations, pads)
    counted = bool(call.attr("count_include_pad", 0))
    if any(d != 1 for d in dilations):
        raise NotImplementedError("dilated windows")
    extended = [(before, after + extra) for (before, after), extra in zip(pads, more, strict=True)]
    pool, rank, area = _AVERAGE[len(kernel)], len(kernel), math.prod(kernel)
    made = pool(_padded(x, extended), kernel, strides)
    if not any(amount for pair in extended for amount in pair) or (counted and not any(more)):
        return made
    inside = x.new_ones(1, 1, *x.shape[2:])
    inside = _padded(_padded(inside, pads, 1.0) if counted else inside, [(0, e) for e in more] if counted else extended)
    return made / pool(inside, kernel, strides) if rank and area else made


@operator("LpPool")
def lp_pool(call: Call, x: Tensor) -> Tensor:
    """Norms under a window."""
    kernel, strides, dilations, pads = window(call, x)
    p = int(call.attr("p", 2))
    if any(d != 1 for d in dilations) or any(_beyond(call, x, kernel, strides, dilations, pads)):
        raise NotImplementedError("dilated or rounded up windows")
    powers = _padded(x.abs().pow(p), pads)
    return (_AVERAGE[len(kernel)](powers, kernel, strides) * math.prod(kernel)).pow(1 / p)


@operator("GlobalAveragePool")
def global_average_pool(_: Call, x: Tensor) -> Tensor:
    """Means over space."""
    return x.mean(tuple(range(2, x.dim())), keepdim=True)


@operator("GlobalMaxPool")
def global_max_pool(_: Call, x: Tensor) -> Tensor:
    """Largest values over space."""
    return x.amax(tuple(range(2, x.dim())), keepdim=True)


@operator("GlobalLpPool")
def global_lp_pool(call: Call, x: Tensor) -> Tensor:
    """Norms over space."""
    return torch.linalg.vector_norm(x, int(call.attr("p", 2)), tuple(range(2, x.dim())), keepdim=True)


ACTIVATIONS: dict[str, Callable[[Tensor, Sequence[float]], Tensor]] = {
    "Relu": lambda x, _: torch.relu(x),
    "Tanh": lambda x, _: torch.tanh(x),
    "Sigmoid": lambda x, _: torch.sigmoid(x),
    "LeakyRelu": lambda x, p: F.leaky_relu(x, p[0] if p else 0.01),
    "Clip": lambda x, p: x.clamp(p[0], p[1]),
    "HardSigmoid": lambda x, p: (p[0] * x + p[1]).clamp(0, 1),
}
"""Activations inside other ops, with their numbers."""


@operator("FusedConv", domain=CONTRIB, weights=(1, 2))
def fused_conv(
    call: Call, x: Tensor, weight: Tensor, bias: Tensor | None = None, added: Tensor | None = None
) -> Tensor:
    """A convolution, something that is added, and an activation."""
    made = conv(call, x, weight, bias)
    made = made if added is None else made + added
    name = call.attr("activation", "")
    return ACTIVATIONS[name](made, call.attr("activation_params") or ()) if name else made


@operator("FusedGemm", domain=CONTRIB, weights=(0, 1, 2))
def fused_gemm(call: Call, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
    """A product of matrices and an activation."""
    from onnxprune.lift.ops.product import gemm

    made, name = gemm(call, a, b, c), call.attr("activation", "")
    alpha, beta = call.attr("activation_alpha", 0.01), call.attr("activation_beta", 0.0)
    return ACTIVATIONS[name](made, (alpha, beta)) if name else made
