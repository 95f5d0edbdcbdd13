"""The sequential test: how often it's wrong on noise with heavy tails, drift and memory; no clock is asked."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from onnxprune.gate.evidence import Evidence, Question, State
from onnxprune.gate.latency import decide

ASKED = Question(1.02, 1.05)


def noise(seed: int) -> Iterator[float]:
    """Times of a machine: Student's t with two degrees of freedom, a disturbance that lasts, a drift."""
    random, state = np.random.default_rng(seed), 0.0
    for step in range(100_000):
        state = 0.95 * state + 0.03 * random.standard_normal()
        yield math.exp(0.05 * random.standard_t(2) + state + 1e-4 * step)


def pairs(slowdown: float, seed: int, most: int = 1500) -> Iterator[tuple[float, float]]:
    """Pairs of a model and one that takes `slowdown` times as long, in random order, the second run being slower."""
    times, coin = noise(seed), np.random.default_rng(seed + 10_000)
    for _ in range(most):
        first, second = next(times), 1.1 * next(times)
        base, new = (first, second) if coin.random() < 0.5 else (second, first)
        yield base, slowdown * new


def states(slowdown: float, question: Question = ASKED, runs: int = 15) -> list[State]:
    return [decide(pairs(slowdown, seed), question).state for seed in range(runs)]


def test_a_slowdown_is_caught_and_no_change_is_met() -> None:
    assert states(1.05).count(State.NOT_MET) >= 13
    same = states(1.0)
    assert same.count(State.NOT_MET) == 0 and same.count(State.MET) >= 13


def test_at_its_edge_a_bet_is_hardly_ever_won() -> None:
    """One of ten may be wrong: binomial(15, 0.1) is above 5 with probability 0.2 %."""
    at_ratio = states(1.02, Question(1.02, 10.0, false_alarm=0.1))
    assert at_ratio.count(State.NOT_MET) <= 5
    at_detect = states(1.05, Question(0.1, 1.05, missed=0.1))
    assert at_detect.count(State.MET) <= 5


def test_what_is_faster_is_met_and_what_is_much_slower_is_seen_at_once() -> None:
    assert decide(pairs(0.5, 1), ASKED).state is State.MET
    slow = decide(pairs(2.0, 1), ASKED)
    assert slow.state is State.NOT_MET and slow.pairs < 40


def test_too_few_pairs_decide_nothing() -> None:
    found = decide(pairs(1.05, 3, most=9), ASKED)
    assert (found.state, found.pairs, found.low, found.high) == (State.UNDECIDED, 9, None, None)
    empty = decide(iter(()), ASKED)
    assert (empty.state, empty.pairs, empty.low, empty.high) == (State.UNDECIDED, 0, None, None)


def test_the_interval_agrees_with_the_decision_and_covers() -> None:
    covered = 0
    for seed in range(12):
        found = decide(pairs(1.05, seed), ASKED)
        assert found.low is not None and found.low < found.ratio
        if found.state is State.NOT_MET:
            assert found.low >= 1.02 - 1e-6
        covered += found.low <= 1.05 and (found.high is None or found.high >= 1.05)
    assert covered >= 11


def test_units_do_not_matter_and_clocks_may_be_coarse() -> None:
    one, other = Evidence(ASKED), Evidence(ASKED)
    for base, new in pairs(1.05, 5, most=300):
        one.add(base, new)
        other.add(1e-3 * base, 1e-3 * new)
    assert one.ratio == pytest.approx(other.ratio) and one.state is other.state
    same = Evidence(ASKED)
    for _ in range(100):
        same.add(0.0, 0.0)
    assert same.state is State.MET and same.ratio == 1.0


def test_swapping_the_models_turns_the_ratio_around() -> None:
    there, back = Evidence(Question(1.0, 1.0)), Evidence(Question(1.0, 1.0))
    for base, new in pairs(1.1, 2, most=500):
        there.add(base, new)
        back.add(new, base)
    assert (there.state, back.state) == (State.NOT_MET, State.MET)
    assert there.interval[0] == pytest.approx(1 / back.interval[1])
