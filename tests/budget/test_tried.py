"""Budgets that try out masks, on trials made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import pytest

from onnxprune import budget
from onnxprune.budget import Candidate, Cost, Monomial, Work
from onnxprune.budget.ecoflap import handed_out
from onnxprune.budget.sensitivity import marginal
from onnxprune.coupling import Group
from onnxprune.coupling.terms import Atom

Gates = Mapping[str, np.ndarray]


@dataclass
class Faked:
    """Trials whose loss is a function of the units that are gone, by group, and whose surprise is one of the gates."""

    sizes: Mapping[str, int]
    losses: Mapping[str, Callable[[float], float]]
    slopes: Mapping[str, float] = field(default_factory=dict)
    count: int = 0

    def loss(self, gates: Gates) -> float:
        self.count += 1
        return sum(self.losses[name](float((1 - gate).sum())) for name, gate in gates.items())

    def surprise(self, gates: Gates) -> float:
        return sum(self.slopes[name] * float(gate.sum()) for name, gate in gates.items())

    def tell(self, text: str) -> None:
        assert text


def _candidate(name: str, scores: list[float]) -> Candidate:
    return Candidate(Group(name, Atom(len(scores)), len(scores)), np.array(scores, float), "channels")


def _work(trials: Faked, *candidates: Candidate, macs: float = 1.0) -> Work:
    cost = Cost(Monomial(c.group.id, macs, (c.group.atom,)) for c in candidates)
    return Work(cost, cost, trials=lambda: trials)  # type: ignore[arg-type, return-value]


A, B = _candidate("a", [5, 6, 7, 8, 1, 2, 3, 4]), _candidate("b", [1, 2, 3, 4, 5, 6, 7, 8])
SQUARES = Faked({"a": 8, "b": 8}, {"a": lambda gone: gone**2, "b": lambda gone: 4 * gone**2})


def test_what_a_unit_costs_is_the_slope_of_the_curve() -> None:
    """The loss is the square of how many are gone, and rises by 1, 3, 5, ...; the last unit is never tried."""
    np.testing.assert_allclose(marginal(A, SQUARES), [9, 11, 13, 13, 1, 3, 5, 7])  # type: ignore[arg-type]
    np.testing.assert_allclose(marginal(B, SQUARES), 4 * np.array([1, 3, 5, 7, 9, 11, 13, 13]))  # type: ignore[arg-type]


def test_curves_are_made_convex() -> None:
    """The first unit costs 4, all others nothing: up to the seventh, which is the last one tried, it is 4 / 7 each."""
    cliff = Faked({"a": 8}, {"a": lambda gone: 4.0 if gone else 0.0})
    np.testing.assert_allclose(marginal(A, cliff), np.full(8, 4 / 7))  # type: ignore[arg-type]


def test_a_loss_that_falls_or_is_no_number_counts_as_the_one_before() -> None:
    odd = Faked({"a": 8}, {"a": lambda gone: np.inf if gone > 3 else (1.0 if gone == 1 else 0.5 * bool(gone))})
    np.testing.assert_allclose(marginal(A, odd).sum(), 8 / 7)  # type: ignore[arg-type]


def test_sensitivity_takes_where_the_outputs_lose_least() -> None:
    """Units cost 1 3 5 7 9 11 13 13 in one group, and four times that in the other, or as much if they save more."""
    widths = budget.get("sensitivity").widths([A, B], _work(SQUARES, A, B))
    assert widths(1.0) == [8, 8]
    assert widths(11 / 16) == [4, 7]  # 1 3 4 5 7 went, and 9 is the threshold
    heavy = Cost([Monomial("a", 1, (A.group.atom,)), Monomial("b", 4, (B.group.atom,))])
    widths = budget.get("sensitivity").widths([A, B], replace(_work(SQUARES, A, B), macs=heavy))
    assert widths(0.5) == [4, 4]


def test_a_group_that_cannot_be_masked_counts_as_the_average_one() -> None:
    hidden = Faked({"a": 8}, {"a": lambda gone: gone})
    widths = budget.get("sensitivity").widths([A, B], _work(hidden, A, B))
    assert widths(0.7) == [8, 4]  # those of a cost 1 each; those of b 2/9, 4/9, 6/9, 8/9 and more than 1


def test_ecoflap_hands_out_a_little_by_steepness() -> None:
    """Of ten units each 4 stay for sure at one half; 2 more are shared by 3 to 1."""
    a, b = _candidate("a", [1.0] * 10), _candidate("b", [1.0] * 10)
    trials = Faked({"a": 10, "b": 10}, {}, {"a": 3.0, "b": 1.0})
    widths = budget.get("ecoflap").widths([a, b], _work(trials, a, b, macs=7.0))
    np.testing.assert_allclose(widths(0.5), [4 + 1.5, 4 + 0.5])
    np.testing.assert_allclose(widths(0.98), [10, 8.8 + 0.8])
    np.testing.assert_allclose(widths(1.0), [10, 10])
    unseen = budget.get("ecoflap").widths([a, b], _work(Faked({}, {}), a, b))
    np.testing.assert_allclose(unseen(0.5), [5, 5])


def test_what_there_is_no_room_for_goes_to_the_others() -> None:
    np.testing.assert_allclose(handed_out(6, np.array([4.0, 1.0, 1.0]), np.array([1.0, 9.0, 2.0])), [1, 3, 2])


@pytest.mark.parametrize("name", ["sensitivity", "ecoflap"])
def test_widths_never_decrease_and_end_at_everything(name: str) -> None:
    rng = np.random.default_rng(0)
    found = [_candidate(str(i), list(rng.random(n))) for i, n in enumerate((3, 16, 50))]
    curves = {c.group.id: (lambda gone, k=k: gone**k) for k, c in enumerate(found)}
    trials = Faked({c.group.id: c.group.size for c in found}, curves, {c.group.id: rng.random() for c in found})
    widths = budget.get(name).widths(found, _work(trials, *found))
    levels = [widths(level) for level in np.linspace(0, 1, 21)]
    assert all(x <= y + 1e-9 for one, two in pairwise(levels) for x, y in zip(one, two, strict=True))
    assert levels[-1] == pytest.approx([3, 16, 50])
