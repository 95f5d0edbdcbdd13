"""The distance of one output from its reference, gathered batch by batch in float64."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnxprune.runtime.divergence import Divergence, divergence, is_distribution

_TEXT = "OSU"
_LABELS = "biu" + _TEXT


@dataclass(frozen=True)
class OutputFidelity:
    """Measures of one output against its reference a, the other model's being b.

    max_abs: max|a - b|. relative: max|a - b| / max|a|, which is inf for a wrong zero. Both are inf if a NaN
    or an infinity isn't matched by the same in the other, or shapes or strings differ.
    cosine: of a and b as flat vectors, over their finite elements; 0 where the errors are inf.
    kl: mean over rows of KL(softmax a || softmax b) in nats, for outputs that look like classes.
    agreement: share of rows with the same top class, or of equal elements for integers, bools and strings.
    rows: how many rows or elements agreement is a share of. The last three are None where they make no sense.
    """

    name: str
    max_abs: float
    relative: float
    cosine: float
    kl: float | None = None
    agreement: float | None = None
    rows: int | None = None

    @property
    def loss(self) -> float:
        """Between 0 and 1: the share of rows whose top class differs; where there are no classes, 1 - cosine."""
        alike = self.cosine if self.agreement is None else self.agreement
        return min(max(1 - alike, 0.0), 1.0) if math.isfinite(alike) else 1.0


class Deviation:
    """Running sums of one output."""

    def __init__(self) -> None:
        self._broken = False
        self._gap = self._peak = 0.0
        self._dot = self._reference_square = self._other_square = 0.0
        self._kl: float | None = None
        self._agreeing: int | None = None
        self._rows = 0

    def update(self, reference: NDArray[Any], other: NDArray[Any]) -> None:
        """Take in one batch of the output."""
        expected, actual = np.asarray(reference), np.asarray(other)
        if expected.shape != actual.shape or (expected.dtype.kind in _TEXT) != (actual.dtype.kind in _TEXT):
            self._break(expected)
            return
        if expected.dtype.kind in _LABELS:
            self._count(Divergence(0.0, int((expected == actual).sum()), expected.size), has_kl=False)
        if expected.dtype.kind in _TEXT:
            self._broken |= bool((expected != actual).any())
            return
        with np.errstate(all="ignore"):
            self._measure(expected.astype(np.float64), actual.astype(np.float64))
            if is_distribution(expected):
                rows = divergence(expected.astype(np.float64), actual.astype(np.float64))
                self._count(rows, has_kl=True)

    def result(self, name: str) -> OutputFidelity:
        """The measures over all batches so far."""
        kl = None if self._kl is None else self._kl / max(self._rows, 1)
        agreement = None if self._agreeing is None or not self._rows else self._agreeing / self._rows
        rows = None if agreement is None else self._rows
        if self._broken:
            return OutputFidelity(name, math.inf, math.inf, 0.0, kl, agreement, rows)
        relative = self._gap / self._peak if self._peak else (math.inf if self._gap else 0.0)
        return OutputFidelity(name, self._gap, relative, self._cosine(), kl, agreement, rows)

    def _measure(self, a: NDArray[np.float64], b: NDArray[np.float64]) -> None:
        finite = np.isfinite(a) & np.isfinite(b)
        alike = (a == b) | (np.isnan(a) & np.isnan(b))
        self._broken |= not bool((finite | alike).all())
        a, b = a[finite], b[finite]
        self._gap = max(self._gap, float(np.abs(a - b).max(initial=0.0)))
        self._peak = max(self._peak, float(np.abs(a).max(initial=0.0)))
        self._dot += float(a @ b)
        self._reference_square += float(a @ a)
        self._other_square += float(b @ b)

    def _break(self, expected: NDArray[Any]) -> None:
        self._broken = True
        if expected.dtype.kind in _LABELS:
            self._count(Divergence(0.0, 0, expected.size), has_kl=False)
        elif is_distribution(expected):
            rows = expected.size // expected.shape[-1]
            self._count(Divergence(math.inf, 0, rows), has_kl=True)

    def _count(self, rows: Divergence, *, has_kl: bool) -> None:
        self._rows += rows.rows
        self._agreeing = (self._agreeing or 0) + rows.agreeing
        if has_kl:
            self._kl = (self._kl or 0.0) + rows.kl

    def _cosine(self) -> float:
        lengths = math.sqrt(self._reference_square) * math.sqrt(self._other_square)
        if lengths:
            return min(max(self._dot / lengths, -1.0), 1.0)
        return 1.0 if self._reference_square == self._other_square else 0.0
