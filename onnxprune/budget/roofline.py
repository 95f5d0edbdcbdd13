"""Roofline: uniform, but groups whose units move much data for little arithmetic keep less.

At the same number of multiply-accumulates, units of memory-bound layers (depthwise convolutions, wide maps of high
resolution) cost more time than units of compute-bound ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from onnxprune.budget.candidate import Candidate
from onnxprune.budget.registry import Work, budget

MACS_PER_ELEMENT = 20.0
"""Multiply-accumulates in the time that one float takes to move (measured on AVX-512: 50 G/s against 2.5 to 5 G/s)."""

SHARPNESS = 2.0
"""The power that time per multiply counts with: at 1, MobileNetV2 ends up 4 % slower, others as fast (measured)."""

LIMITS = (0.4, 2.5)


@budget("roofline")
def roofline(candidates: Sequence[Candidate], work: Work) -> Callable[[float], list[float]]:
    """Uniform, with a smaller share for groups that move much data per multiply (Williams et al. 2009, the model)."""
    exponents = _exponents([_time_per_mac(c, work) for c in candidates])

    def widths(level: float) -> list[float]:
        shares = np.power(level, exponents) if level > 0 else np.zeros(len(candidates))
        return [float(s) * c.group.size for s, c in zip(shares, candidates, strict=True)]

    return widths


def _time_per_mac(candidate: Candidate, work: Work) -> float:
    atom = candidate.group.atom
    saved, moved = (-cost.change({}, atom, 0) for cost in (work.macs, work.traffic))
    if work.time is not None:
        return -work.time.change({}, atom, 0) / max(saved, 1.0)
    return (saved + MACS_PER_ELEMENT * moved) / max(saved, 1.0)


def _exponents(times: Sequence[float]) -> np.ndarray:
    """Relative to the geometric mean, so that a model of like layers is pruned uniformly."""
    if not times:
        return np.zeros(0)
    logs = np.log(np.maximum(times, max(max(times) * 1e-3, 1e-30)))
    return np.asarray(np.clip(np.exp(SHARPNESS * (logs - logs.mean())), *LIMITS))
