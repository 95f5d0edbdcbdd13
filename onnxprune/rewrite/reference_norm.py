"""Kept-only forms of normalisations, in primitive ops.

The moments are those of the units that stay; every unit, kept or not, is then normalised by them. As the definitions
in the ONNX standard say, half precision is normalised in float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.rewrite.nodes import element
from onnxprune.rewrite.reference import Kept, form
from onnxprune.rewrite.veil import Mask

MVN_EPSILON = 1e-9
"""The standard's own, in the function body of MeanVarianceNormalization."""

FUSED_EPSILON = 1e-12
"""The default of ONNX Runtime's fused normalisations."""

Moments = tuple[gs.Variable, gs.Variable, gs.Variable]


def _wide(at: Kept, x: gs.Tensor) -> gs.Tensor:
    narrow = element(x).itemsize < np.dtype(np.float32).itemsize
    return at.nodes.make("Cast", [x], np.dtype(np.float32), to=np.float32) if narrow else x


def _as(at: Kept, x: gs.Tensor, like: gs.Tensor) -> gs.Tensor:
    dtype = element(like)
    return x if element(x) == dtype else at.nodes.make("Cast", [x], dtype, to=dtype.type)


def _standardised(
    at: Kept, x: gs.Tensor, axes: Sequence[int], mask: Mask, epsilon: float, centred: bool = True
) -> Moments:
    """x less its mean (if centred), by its standard deviation (or root mean square); the mean; 1 by the deviation."""
    make, dtype = at.nodes.make, x.dtype
    middle = at.mean(x, axes, mask)
    rest = make("Sub", [x, middle], dtype) if centred else x
    spread = at.mean(make("Mul", [rest, rest], dtype), axes, mask)
    floored = make("Add", [spread, at.nodes.constant(epsilon, element(x))], dtype)
    inverse = make("Reciprocal", [make("Sqrt", [floored], dtype)], dtype)
    return make("Mul", [rest, inverse], dtype), middle, inverse


def _affine(at: Kept, y: gs.Tensor, scale: int, bias: int, shape: list[int] | None = None) -> gs.Tensor:
    """Times operand `scale`, plus operand `bias`, where they are given; reshaped to `shape` first."""
    for i, op in ((scale, "Mul"), (bias, "Add")):
        if i < len(at.node.inputs) and not at.node.inputs[i].is_empty():
            operand = at.node.inputs[i]
            if shape is not None:
                target = at.nodes.constant(shape, np.int64)
                operand = at.nodes.make("Reshape", [operand, target], operand.dtype)
            y = at.nodes.make(op, [y, _as(at, operand, y)], y.dtype)
    return y


def _trailing(at: Kept, x: gs.Tensor, centred: bool, scale: int, bias: int, epsilon: float = 1e-5) -> list[gs.Tensor]:
    axes = range(at.axis(), at.rank)
    y, middle, inverse = _standardised(at, _wide(at, x), axes, at.mask(axes), at.attr("epsilon", epsilon), centred)
    return [_affine(at, _as(at, y, x), scale, bias), *([middle] if centred else []), inverse]


@form("LayerNormalization")
def layer(at: Kept) -> None:
    """Over the axes from `axis` on. Outputs: Y, mean, 1 / standard deviation."""
    at.nodes.replace(_trailing(at, at.node.inputs[0], True, 1, 2))


@form("RMSNormalization", "SimplifiedLayerNormalization")
def root_mean_square(at: Kept) -> None:
    """Without centring. Outputs: Y, 1 / root mean square."""
    at.nodes.replace(_trailing(at, at.node.inputs[0], False, 1, 2))


@form("SkipLayerNormalization", "SkipSimplifiedLayerNormalization")
def skip(at: Kept) -> None:
    """Of a sum of two or three operands, which is the last output."""
    centred = at.node.op == "SkipLayerNormalization"
    scale, bias, beta = (2, 4, 3) if centred else (2, 3, len(at.node.inputs))
    total = at.nodes.make("Add", list(at.node.inputs[:2]), at.node.inputs[0].dtype)
    total = _affine(at, total, len(at.node.inputs), bias)
    made = _trailing(at, total, centred, scale, beta, FUSED_EPSILON)
    at.nodes.replace([made[0], *(made[1:] if centred else [None, *made[1:]]), total])


@form("EmbedLayerNormalization")
def embedded(at: Kept) -> None:
    """Of a sum of embeddings, which the op itself makes as its last output."""
    node, table = at.node, at.node.inputs[2]
    unused, total = (gs.Variable(f"{node.outputs[0].name}/kept/{part}", table.dtype) for part in ("all", "sum"))
    lengths = node.outputs[1] if len(node.outputs) > 1 else gs.Variable.empty()
    made = [unused, lengths, total]
    at.nodes.front.append(gs.Node(node.op, total.name, dict(node.attrs), list(node.inputs), made, node.domain))
    at.terms = at.binding.outputs[0] or ()
    at.rank = len(at.terms)
    at.nodes.replace([_trailing(at, total, True, 5, 6, FUSED_EPSILON)[0], None, total])


@form("InstanceNormalization")
def instance(at: Kept) -> None:
    """Over space, for every channel."""
    x, axes = at.node.inputs[0], range(2, at.rank)
    y, _, _ = _standardised(at, _wide(at, x), axes, at.mask(axes), at.attr("epsilon", 1e-5))
    at.nodes.replace([_affine(at, _as(at, y, x), 1, 2, [-1] + [1] * (at.rank - 2))])


@form("GroupNormalization")
def group(at: Kept) -> None:
    """Over space and the channels `c` of each of the groups `g`, in the shape [n, g, c, space]."""
    x, groups = at.node.inputs[0], int(at.node.attrs["num_groups"])
    channel = at.binding.env["c"]
    flat = at.nodes.constant([0, groups, channel.size, -1], np.int64)
    grouped = at.nodes.make("Reshape", [_wide(at, x), flat], _wide_type(x))
    mask = at.veil.mask(at.node, {2: channel}, 4)
    y, _, _ = _standardised(at, grouped, (2, 3), mask, at.attr("epsilon", 1e-5))
    y = _affine(at, _as(at, y, x), 1, 2, [groups, -1, 1])
    at.nodes.replace([at.nodes.make("Reshape", [y, at.nodes.make("Shape", [x], np.dtype(np.int64))], x.dtype)])


def _wide_type(x: gs.Tensor) -> np.dtype[Any]:
    return max(element(x), np.dtype(np.float32), key=lambda d: d.itemsize)


@form("MeanVarianceNormalization")
def mean_variance(at: Kept) -> None:
    """Over `axes`, by default batch and space."""
    x = at.node.inputs[0]
    axes = [int(a) % at.rank for a in at.node.attrs.get("axes", [0, 2, 3])]
    y, _, _ = _standardised(at, x, axes, at.mask(axes), MVN_EPSILON)
    at.nodes.replace([y])
