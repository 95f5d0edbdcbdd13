"""Judging one tensor of two models: how far apart, how much of that is rounding, and what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from onnxprune.runtime.run import Array

TOLERANCE = 1e-5
"""Largest relative error of two float32 evaluations of one function."""

HALF_TOLERANCES = {"float16": 1e-2, "bfloat16": 8e-2}
"""The same where computation itself is in half precision: about ten units in the last place."""

QUANTISED_TOLERANCE = 1e-2
"""The same behind a quantiser, where a rounding error of any size may move a number by one step of 255."""

NOISE_FACTOR = 8.0
"""A difference of less than this many times what rounding does to the reference is no evidence against equality."""

NOISE_SHARE, NOISE_LIMIT = 100.0, 2e-2
"""Where rounding does more than this (in tolerances, and at all), a tensor tells nothing."""


@dataclass(frozen=True, slots=True)
class Point:
    """A tensor that both models compute, and how to compare it.

    name:      of the tensor; both graphs have it
    inner:     whether it is inside the graph; False for an output
    kept:      axis -> indices of the dense tensor that the pruned one still has, for axes that lose some
    required:  whether nothing is proved without it; other points only help to see what is wrong
    floor:     the least magnitude that errors are measured by; 0 for that of the tensor itself
    tolerance: what is allowed on it, where its making takes more than its element type says
    """

    name: str
    inner: bool = False
    kept: Mapping[int, Array] = field(default_factory=dict)
    required: bool = True
    floor: float = 0.0
    tolerance: float = 0.0

    def trim(self, dense: Array) -> Array:
        """The part of the dense tensor that the pruned model still has."""
        for axis, index in self.kept.items():
            dense = np.take(dense, index, axis)
        return dense


@dataclass(frozen=True, slots=True)
class Plan:
    """How to hold two models against each other.

    points:    tensors to compare beside the outputs, in graph order, and outputs to compare in a way of their own
    bounds:    exclusive upper bounds of integer inputs that index a table, by input name
    switches:  inputs that decide which branch runs, and values to try
    witnesses: node inside a body -> what is proved only if it has run
    """

    points: Sequence[Point] = ()
    bounds: Mapping[str, int] = field(default_factory=dict)
    switches: Mapping[str, Sequence[int]] = field(default_factory=dict)
    witnesses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found at one point on one draw of inputs.

    error: between the two models; noise: between two evaluations of the reference that differ by rounding, measured
    only where the error is more than `allowed`
    """

    point: Point
    draw: int
    error: float
    allowed: float
    noise: float = 0.0
    vacuous: bool = False

    @property
    def verdict(self) -> str:
        """ "same", "differs", or "drowned": rounding moves the tensor too much to tell, or it holds no number."""
        if self.vacuous:
            return "drowned"
        if self.error <= self.allowed:
            return "same"
        if not self.noise <= min(self.allowed * NOISE_SHARE, NOISE_LIMIT):
            return "drowned"
        return "same" if self.error <= NOISE_FACTOR * self.noise else "differs"


def distance(expected: Array, got: Array, floor: float = 0.0) -> float:
    """max|a - b| / max|a| (or by `floor`, if that is more); infinite where shapes differ or only one is finite.

    For bools and strings it is the share of elements that differ, for 8-bit numbers max|a - b| / 255.
    """
    if expected.shape != got.shape or expected.dtype.kind != got.dtype.kind:
        return float("inf")
    if not expected.size:
        return 0.0
    if expected.dtype.kind not in "fiuV":
        return float(np.mean(expected != got))
    if expected.dtype.itemsize == 1:
        floor = 255.0
    with np.errstate(all="ignore"):
        return _relative(expected.astype(np.float64), got.astype(np.float64), floor)


def _relative(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any], floor: float) -> float:
    finite = np.isfinite(a) & np.isfinite(b)
    if not finite.all():
        if not ((a == b) | (np.isnan(a) & np.isnan(b)) | finite).all():
            return float("inf")
        a, b = a[finite], b[finite]
    gap = float(np.abs(a - b).max(initial=0.0))
    peak = max(float(np.abs(a).max(initial=0.0)), floor)
    return gap / peak if peak else float("inf") if gap else 0.0


def vacuous(expected: Array) -> bool:
    """Whether a tensor can't tell two models apart: it has no finite element."""
    return expected.dtype.kind == "f" and expected.size > 0 and not bool(np.isfinite(expected).any())


def disturbed(values: Array, number: int = 0) -> Array:
    """Floats with their last bit flipped: what no evaluation in their precision can tell apart. Others as they are.

    number: 0 flips it in all of them, every other number in a half of its own
    """
    if values.dtype.kind != "f":
        return values
    moved = np.array(values, order="C").reshape(values.shape)
    bits = moved.reshape(-1).view(f"u{moved.dtype.itemsize}")
    bits ^= flips(bits.size, number).astype(bits.dtype)
    special = ~np.isfinite(values)
    if special.any():
        moved[special] = values[special]
    return moved


def flips(size: int, number: int) -> Array:
    """0 or 1 for every element: whether its last bit is flipped in the disturbance of that number."""
    return np.random.default_rng(number).integers(0, 2, size, np.uint8) if number else np.ones(size, np.uint8)
