"""The knapsack against brute force, and by hand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from onnxprune.budget import Candidate, Cost, Monomial, get
from onnxprune.budget.knapsack import Line
from onnxprune.budget.multiple_choice import least_loss
from onnxprune.coupling.terms import Atom
from tests.budget.made import candidate, work


def _lost(found: Sequence[Candidate], widths: Sequence[int]) -> float:
    return sum(float(np.sort(c.scores)[: c.group.size - width].sum()) for c, width in zip(found, widths, strict=True))


def _least(found: Sequence[Candidate], cost: Cost, target: float) -> float:
    """By trying all widths."""
    atoms = [c.group.atom for c in found]
    fits = (
        _lost(found, widths)
        for widths in itertools.product(*(c.allowed for c in found))
        if cost.total(dict(zip(atoms, widths, strict=True))) <= target
    )
    return min(fits)


def _drawn(seed: int) -> tuple[list[Candidate], Cost, Cost]:
    """Four groups, a cost that is a sum over them, and one of products of two and three of them."""
    rng = np.random.default_rng(seed)
    found = [candidate(str(i), list(rng.random(n) ** 3)) for i, n in enumerate(rng.integers(3, 8, 4))]
    weights = rng.integers(1, 20, 8).astype(float)
    atoms = [c.group.atom for c in found]
    apart = Cost(Monomial("", w, (a,)) for w, a in zip(weights, atoms, strict=False))
    chain = [Monomial("", w, pair) for w, pair in zip(weights, pairwise(atoms), strict=False)]
    ends = [Monomial("", weights[4], atoms[:1]), Monomial("", weights[5], atoms[-1:])]
    return found, apart, Cost([*chain, *ends, Monomial("", weights[6], (atoms[0], atoms[1], atoms[3]))])


def test_the_widths_that_lose_least() -> None:
    """Three units of the first group cost as much as one of the second: their 1 + 1 + 2 is more than its 3.5."""
    a, b = candidate("a", [1, 1, 2, 9]), candidate("b", [3.5, 5])
    cost = Cost([Monomial("", 1.0, (a.group.atom,)), Monomial("", 3.0, (b.group.atom,))])
    for target, counts in ((9, {"a": 3, "b": 2}), (8, {"a": 2, "b": 2}), (7, {"a": 4, "b": 1}), (6, {"a": 3, "b": 1})):
        assert get("knapsack").fit([a, b], work(a, b), cost, target).counts == counts


@pytest.mark.parametrize("fraction", [0.3, 0.6, 0.85])
def test_sums_over_groups_are_solved_to_the_optimum(fraction: float) -> None:
    for seed in range(4):
        found, cost, _ = _drawn(seed)
        result = get("knapsack").fit(found, work(*found), cost, target := fraction * cost.total())
        lost = _lost(found, [result.counts[c.group.id] for c in found])
        assert lost == pytest.approx(_least(found, cost, target), rel=1e-3)


def test_products_of_groups_are_solved_as_well_as_brute_force_does() -> None:
    """Nearly always: no proof covers what several groups have in common."""
    best = 0
    for seed, fraction in itertools.product(range(5), (0.4, 0.7)):
        found, _, cost = _drawn(seed)
        result = get("knapsack").fit(found, work(*found), cost, target := fraction * cost.total())
        lost, least = _lost(found, [result.counts[c.group.id] for c in found]), _least(found, cost, target)
        assert result.met
        assert least * (1 - 1e-9) <= lost <= least + 0.02 * sum(c.scores.sum() for c in found)
        best += lost <= least * (1 + 1e-3)
    assert best >= 9


def test_a_cost_that_is_no_sum_of_monomials() -> None:
    """A table by steps, as times are: five units cost as much as eight, so the eight stay."""
    a, b = candidate("a", list(range(1, 17))), candidate("b", [0.5] * 16)

    class Table:
        """The cost of a group is that of its units rounded up to eights."""

        def total(self, counts: dict[Atom, int] | None = None) -> float:
            counts = counts or {}
            return sum(-(-counts.get(c.group.atom, 16) // 8) * 10.0 for c in (a, b))

        def change(self, counts: dict[Atom, int], atom: Atom, count: int) -> float:
            return self.total({**counts, atom: count}) - self.total(counts)

        def matters(self, atom: Atom) -> bool:
            return True

    result = get("knapsack").fit([a, b], work(a, b), Table(), 30.0)  # type: ignore[arg-type]
    assert (result.counts, result.cost) == ({"a": 16, "b": 8}, 30.0)


def test_options_by_hand() -> None:
    """Only the second of one and the first of the other cost less than 3 together; at 4 the cheaper loss wins."""
    losses, costs = [np.array([0.0, 5.0]), np.array([0.0, 1.0])], [np.array([3.0, 1.0]), np.array([1.0, 0.5])]
    assert least_loss(losses, costs, 4.0) == [0, 0]
    assert least_loss(losses, costs, 3.6) == [0, 1]
    assert least_loss(losses, costs, 2.0) == [1, 0]
    assert least_loss(losses, costs, 1.0) is None


def test_less_room_is_tried_where_the_linear_cost_is_too_low() -> None:
    """9 for a times b. Around (1, 1) all 4 of both would do by a + b - 1, 7 too dear; with so much less room (1, 2).

    Around that, (3, 4) would do, 3 too dear; with so much less room (2, 4), around which nothing better would do.
    """
    a, b = candidate("a", [1.0, 2, 3, 4]), candidate("b", [1.0, 2, 3, 4])
    line = Line([a, b], {}, Cost([Monomial("", 1.0, (a.group.atom, b.group.atom))]), 9.0)
    line.improve()
    assert sorted(line.best.values()) == [2, 4]
