"""A sequential test of a ratio of times, on pairs of them in random order; see docs/decisions/0011-latency-gate.md.

Two bets run side by side: one wins money where the new model is slower than the allowed ratio, one where it is faster
than the ratio that must be detected. Who bets on a fair coin, or against himself, multiplies his stake by 1/alpha at
any time with probability alpha at the most (Ville's inequality), so there may be a look after every pair, and an end
when one of them has won. What a pair pays is an odd, bounded score of log(new time / base time) - log(ratio), by a
scale known before the pair: the order of the two runs is drawn, so that the score is fair at that ratio whatever the
noise is like (heavy tails, drift, autocorrelation), as long as it multiplies both times alike.

Testing by betting: G. Shafer, JRSS A 184(2), 2021; bounded variables: I. Waudby-Smith and A. Ramdas, JRSS B 86(1),
2024; conditional symmetry: V. de la Pena, Annals of Probability 27(1), 1999; two tests at once: A. Wald, Annals of
Mathematical Statistics 16(2), 1945.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

STAKES = np.geomspace(0.03, 0.9, 8)
"""Shares of the money that are set on every pair; each gets an eighth of the money at the start."""

FIRST = 8
"""Pairs that only tell the scale."""

WINDOW = 128
"""Latest pairs that the scale comes from."""

CLIP = 1.0
"""Scores are bounded at so many standard deviations of a normal distribution with the pairs' median deviation."""

_NORMAL = 1.4826
_FINEST = 1e-6


class State(StrEnum):
    """What a gate's question came to."""

    MET = "met"
    NOT_MET = "not met"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Question:
    """Slower than `ratio` is not met, faster than `detect` is met (ratio <= detect); false_alarm, missed: the
    probabilities that a model no slower than `ratio` is not met, and that one no faster than `detect` is met, at the
    most"""

    ratio: float
    detect: float
    false_alarm: float = 0.01
    missed: float = 0.01


@dataclass(slots=True)
class Evidence:
    """Pairs so far, and what was won on them."""

    question: Question
    logs: list[float] = field(default_factory=list)
    scales: list[float] = field(default_factory=list)
    _slower: Vector = field(default_factory=lambda: np.zeros(len(STAKES)))
    _faster: Vector = field(default_factory=lambda: np.zeros(len(STAKES)))

    def add(self, base: float, new: float) -> State:
        """Take in a pair of times, in seconds or any other unit, and say where things stand."""
        log = math.log(max(new, 1e-12) / max(base, 1e-12))
        scale = _scale(self.logs)
        self.logs.append(log)
        self.scales.append(scale)
        self._slower += _won(log - math.log(self.question.ratio), scale)
        self._faster += _won(math.log(self.question.detect) - log, scale)
        return self.state

    @property
    def state(self) -> State:
        if _money(self._slower) >= -math.log(self.question.false_alarm):
            return State.NOT_MET
        if _money(self._faster) >= -math.log(self.question.missed):
            return State.MET
        return State.UNDECIDED

    @property
    def ratio(self) -> float:
        """The median of new over base time."""
        return math.exp(float(np.median(self.logs))) if self.logs else 1.0

    @property
    def interval(self) -> tuple[float, float]:
        """Ratios against which nobody won: a confidence sequence, so it holds at whatever pair one looks.

        The lower end is above the true ratio with probability `false_alarm` at the most, the upper one below it with
        probability `missed`.
        """
        logs, scales = np.array(self.logs), np.array(self.scales)
        low = _edge(logs, scales, -math.log(self.question.false_alarm))
        high = -_edge(-logs, scales, -math.log(self.question.missed))
        return math.exp(low), math.exp(high)


def _scale(logs: Sequence[float]) -> float:
    """Where scores are bounded, by what came before; 0 where too little came."""
    if len(logs) < FIRST:
        return 0.0
    latest = np.array(logs[-WINDOW:])
    spread = float(np.median(np.abs(latest - np.median(latest))))
    return max(CLIP * _NORMAL * spread, _FINEST)


def _won(excess: float | Vector, scale: float | Vector) -> Vector:
    """Logarithms of what every stake is multiplied by; nothing without a scale."""
    scales = np.asarray(scale, float)
    score = np.clip(np.divide(excess, scales, out=np.zeros(np.shape(excess)), where=scales > 0), -1, 1)
    return np.asarray(np.log1p(STAKES * score[..., None]))


def _money(logs: Vector) -> float:
    """The logarithm of the mean over all stakes."""
    return float(np.logaddexp.reduce(logs) - math.log(len(STAKES)))


def _edge(logs: Vector, scales: Vector, enough: float) -> float:
    """The largest log ratio that the times are shown to be above; -inf where there is none."""
    if not len(logs):
        return -math.inf

    def shown(edge: float) -> bool:
        return _money(_won(logs - edge, scales).sum(axis=0)) >= enough

    low, high = float(np.min(logs)) - 1.0, float(np.max(logs))
    if not shown(low):
        return -math.inf
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if shown(middle) else (low, middle)
    return low
