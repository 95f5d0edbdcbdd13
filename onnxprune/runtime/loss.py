"""One number for how far outputs are from those of a reference, that moves whenever they do: for trials in a row.

What `onnxprune.runtime.fidelity` measures for people (the share of answers that change, the largest error) stands
still while little changes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from onnxprune.runtime.divergence import divergence, is_distribution
from onnxprune.runtime.run import Array

_LEAST_PROBABILITY = 1e-12


class Loss:
    """The mean over outputs of their losses, over all calls taken in.

    Of classes (logits or probabilities) that is the mean of KL(reference || other) over rows, in nats; of other floats
    the squared error over the square of the reference, |a - b|^2 / |a|^2; of anything else the share of elements that
    differ. It is infinite where shapes differ, or one of the two isn't finite and the other is.
    """

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, float]] = {}

    def update(self, reference: Mapping[str, Array], other: Mapping[str, Array]) -> None:
        """Take in the outputs of one call."""
        for name, expected in reference.items():
            lost, of = _lost(np.asarray(expected), np.asarray(other[name])) if name in other else (math.inf, 1.0)
            before = self._sums.get(name, (0.0, 0.0))
            self._sums[name] = before[0] + lost, before[1] + of

    def result(self) -> float:
        """The loss so far; 0 of nothing."""
        found = [lost / of if of else min(lost, math.inf) for lost, of in self._sums.values()]
        return float(np.mean(found)) if found else 0.0


def _lost(a: Array, b: Array) -> tuple[float, float]:
    """What is lost, and what that is a part of."""
    if a.shape != b.shape or a.dtype.kind != b.dtype.kind:
        return math.inf, 1.0
    if a.dtype.kind not in "fV":
        return float(np.sum(a != b)), float(a.size)
    wide = a.astype(np.float64), b.astype(np.float64)
    if is_distribution(a):
        rows = divergence(*wide)
        return rows.kl, float(rows.rows)
    return _squared(*wide)


def _squared(a: Array, b: Array) -> tuple[float, float]:
    finite = np.isfinite(a) & np.isfinite(b)
    if not (finite | (a == b) | (np.isnan(a) & np.isnan(b))).all():
        return math.inf, 1.0
    gap = a[finite] - b[finite]
    return float(gap @ gap), float(a[finite] @ a[finite])


class Surprise(Loss):
    """A loss whose gradient at the reference is not zero, without labels.

    Of classes the cross entropy of the other model's with the reference's top class for a label; of other floats half
    their square over that of the reference, the objective of Aljundi et al. 2018, "Memory Aware Synapses"; nothing of
    anything else.
    """

    def update(self, reference: Mapping[str, Array], other: Mapping[str, Array]) -> None:
        """Take in the outputs of one call."""
        for name, expected in reference.items():
            a, b = np.asarray(expected), np.asarray(other[name])
            if a.dtype.kind in "fV" and a.shape == b.shape:
                lost, of = _surprise(a.astype(np.float64), b.astype(np.float64), classes=is_distribution(a))
                before = self._sums.get(name, (0.0, 0.0))
                self._sums[name] = before[0] + lost, before[1] + of


def _surprise(a: Array, b: Array, *, classes: bool) -> tuple[float, float]:
    if not classes:
        finite = np.isfinite(a) & np.isfinite(b)
        return 0.5 * float(b[finite] @ b[finite]), float(a[finite] @ a[finite])
    rows, others = a.reshape(-1, a.shape[-1]), b.reshape(-1, b.shape[-1])
    usable = np.isfinite(rows).all(axis=1) & np.isfinite(others).all(axis=1)
    rows, others = rows[usable], others[usable]
    if (rows >= 0).all() and np.allclose(rows.sum(axis=1), 1, atol=1e-3):
        others = np.log(np.maximum(others, _LEAST_PROBABILITY))
    shifted = others - others.max(axis=1, keepdims=True, initial=-np.inf)
    likely = shifted[np.arange(len(rows)), rows.argmax(axis=1)] if len(rows) else np.zeros(0)
    return float(np.sum(np.log(np.exp(shifted).sum(axis=1)) - likely)), float(len(rows))
