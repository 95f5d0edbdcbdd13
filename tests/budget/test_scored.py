"""Budgets that look at scores alone, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from onnxprune import budget
from onnxprune.budget import Cost, Monomial, Work
from tests.budget.made import candidate, work


def test_zscore_counts_deviations_from_the_mean_of_the_group() -> None:
    """a: mean 2, sample deviation 1: -1 0 1; b: mean 20, deviation sqrt(500 / 3): -1.16 -0.39 0.39 1.16."""
    a, b = candidate("a", [1, 2, 3]), candidate("b", [5, 15, 25, 35])
    kept = budget.get("zscore").widths([a, b], work(a, b))
    # going from below: b's 5, a's 1, b's 15, a's 2
    levels = [count / 7 for count in (6.5, 5.5, 4.5, 3.5, 2.5)]
    assert [kept(level) for level in levels] == [[3, 4], [3, 3], [2, 3], [2, 2], [1, 2]]


def test_zscore_takes_the_deviation_of_a_sample() -> None:
    """a: -0.71 0.71; b: mean 1.26, deviation sqrt(10.1 / 4): -0.79 -0.73 -0.67 1.09 1.09; b's first goes first."""
    a, b = candidate("a", [0, 2]), candidate("b", [0, 0.1, 0.2, 3, 3])
    kept = budget.get("zscore").widths([a, b], work(a, b))
    assert [kept(count / 7) for count in (5.5, 4.5, 3.5)] == [[2, 4], [2, 3], [1, 3]]


def test_zscore_counts_units_as_what_they_cost() -> None:
    """A unit of b costs ten of a: without the first of b's, 33 of 43 are left, without a's, 32."""
    a, b = candidate("a", [1, 2, 3]), candidate("b", [5, 15, 25, 35])
    cost = Cost([Monomial("a", 1.0, (a.group.atom,)), Monomial("b", 10.0, (b.group.atom,))])
    kept = budget.get("zscore").widths([a, b], Work(cost, cost))
    assert kept(33.1 / 43) == [3, 4]
    assert kept(32.9 / 43) == [3, 3]
    assert kept(32.1 / 43) == [3, 3]
    assert kept(31.9 / 43) == [2, 3]


def test_zscore_of_scores_that_are_alike_is_average() -> None:
    a, b = candidate("a", [7, 7, 7]), candidate("b", [1, 2, 3])
    assert budget.get("zscore").widths([a, b], work(a, b))(0.8) == [3, 2]


def test_pqi_bounds_what_has_to_stay() -> None:
    """(sum of roots)^2 / sum: (1 + 2 + 3 + 4)^2 / 30 = 10/3 of 4 for squares; all of 5 alike; 1 of 2 with a zero."""
    found = [candidate("a", [1, 4, 9, 16]), candidate("b", [3] * 5), candidate("c", [0, -2]), candidate("d", [0, 0])]
    kept = budget.get("pqi").widths(found, work(*found))
    assert kept(1.0) == pytest.approx([4, 5, 2, 2])
    assert kept(0.5) == pytest.approx([10 / 3, 5, 1, 2])  # gamma 1, eta 0
    assert kept(0.75) == pytest.approx([(4 + 10 / 3) / 2, 5, 1.5, 2])  # gamma 1/2
    eta = 1 / np.sqrt(0.6) - 1
    assert kept(0.3) == pytest.approx([x * (1 + eta) ** -2 for x in (10 / 3, 5, 1, 2)])
    assert kept(0.0) == [0, 0, 0, 0]
