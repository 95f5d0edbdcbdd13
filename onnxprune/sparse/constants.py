"""What sparse kernels gain, where they can't be timed: constants seen on one machine, as the provider has them."""

from __future__ import annotations

from onnxprune.graph import Linear
from onnxprune.sparse.pattern import Pattern
from onnxprune.sparse.speed import Speed

WIDTHS = (64, 32, 16, 8, 4, 1)
COSTS = {
    "avx512": (1.0, 1.1, 1.2, 1.1, 1.5, 2.1),
    "avx2": (1.2, 1.2, 1.2, 1.4, 1.6, 2.6),
    "neon": (1.3, 1.3, 1.3, 1.5, 1.7, 2.8),
    "generic": (8.0, 8.0, 8.0, 9.0, 10.0, 14.0),
}
"""Of a multiplication in a block of so many outputs, as a multiple of one in ONNX Runtime's dense kernels; as in
plugin/provider/gain.cpp."""

GROUPS = 1.6
"""The same for n of every m inputs, which no wide block helps."""

FIXED = 0.04
"""What every layer pays, as a part of the dense time."""

MOVING = 5.0
"""What a convolution costs besides, in multiplications: to fetch a number for an input, or to put down an output."""

WRAPPING = 8.0
"""Of a multiplication with the blocks of a matrix around a layer, between transpositions."""

TURNING = 70.0
"""The same of making rows of pixels and pixels of rows, which kernels ask for that know rows only."""


def guessed(linear: Linear, patterns: list[Pattern], instructions: str = "avx512") -> Speed:
    """What the constants say of a layer; its seconds are not known."""
    return Speed(linear.rows, 0.0, {str(p): _points(linear, p, instructions) for p in patterns})


def _points(linear: Linear, pattern: Pattern, instructions: str) -> list[tuple[float, float]]:
    rows = COSTS.get(instructions, COSTS["generic"]) is COSTS["generic"]
    moving = (MOVING + (TURNING if rows else 0.0)) * (1 / linear.inputs + 1 / linear.outputs)
    fixed = FIXED + (moving if linear.op == "Conv" else 0.0) + _around(linear)
    cost = GROUPS if pattern.kept else _cost(pattern, instructions)
    known = (pattern.sparsity,) if pattern.sparsity is not None else (0.0, 0.99)
    return [(s, fixed + cost * (1 - s)) for s in known]


def _around(linear: Linear) -> float:
    """What block-diagonal matrices take, behind and in front."""
    parts = [block / other for block, other in ((linear.outer, linear.inputs), (linear.inner, linear.outputs)) if block]
    return sum(FIXED + WRAPPING * part for part in parts)


def _cost(pattern: Pattern, instructions: str) -> float:
    """That of the widest block that divides the pattern's outputs."""
    costs = COSTS.get(instructions, COSTS["generic"])
    return next(c for w, c in zip(WIDTHS, costs, strict=True) if pattern.outputs % w == 0)
