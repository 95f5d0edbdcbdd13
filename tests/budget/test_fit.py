"""Budgets and the fit to a target, on candidates made by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from onnxprune import budget
from onnxprune.budget import Cost, Monomial, Needs, Work, budgets, fit
from onnxprune.calibration import Likeness
from onnxprune.errors import InputError
from tests.budget.made import candidate, linear, work


def test_uniform_keeps_the_same_fraction() -> None:
    a, b = candidate("a", [1.0] * 10), candidate("b", [1.0] * 40)
    widths = budget.get("uniform").widths([a, b], work(a, b))
    assert widths(0.5) == [5, 20]
    assert widths(1.0) == [10, 40]


def test_global_takes_the_least_useful_of_all() -> None:
    # divided by their means (2 and 20): a = .5 .5 1 2, b = .5 1 1.25 1.25
    a, b = candidate("a", [1, 1, 2, 4]), candidate("b", [10, 20, 25, 25])
    widths = budget.get("global").widths([a, b], work(a, b))
    assert widths(1.0) == [4, 4]
    assert widths(5 / 8) == [2, 3]
    assert sum(widths(0.25)) < sum(widths(0.5))


def test_threshold_takes_scores_as_they_are_down_to_the_floor() -> None:
    a, b = candidate("a", [1, 2, 3, 4], floor=2), candidate("b", [2.5, 20, 25, 25])
    widths = budget.get("threshold").widths([a, b], work(a, b))
    assert widths(1.0) == [4, 4]
    assert widths(5 / 8) == [2, 3]  # above 1, 2 and 2.5
    assert widths(3 / 8) == [0, 3]
    assert fit([a, b], widths, linear(a, b), 5.0).counts == {"a": 2, "b": 3}


def test_roofline_narrows_what_moves_much_data() -> None:
    lean, heavy = candidate("lean", [1.0] * 64), candidate("heavy", [1.0] * 64)
    moved = Cost([Monomial("l", 0.01, (lean.group.atom,)), Monomial("h", 1.0, (heavy.group.atom,))])
    widths = budget.get("roofline").widths([lean, heavy], Work(linear(lean, heavy), moved))
    kept = widths(0.5)
    assert kept[0] > 32 > kept[1]
    alike = budget.get("roofline").widths([lean, heavy], work(lean, heavy))(0.5)
    assert alike == pytest.approx([32, 32])


@pytest.mark.parametrize("name", [b.name for b in budgets() if b.widths])
def test_widths_never_decrease_and_end_at_everything(name: str) -> None:
    rng = np.random.default_rng(0)
    found = [candidate(str(i), list(rng.random(n))) for i, n in enumerate((3, 16, 50))]
    widths = budget.get(name).widths(found, work(*found))
    levels = [widths(level) for level in np.linspace(0, 1, 21)]
    assert all(x <= y + 1e-9 for one, two in pairwise(levels) for x, y in zip(one, two, strict=True))
    assert levels[-1] == pytest.approx([3, 16, 50])


@pytest.mark.parametrize("name", [b.name for b in budgets()])
def test_every_budget_meets_targets_with_steps_floors_and_fixed_ratios(name: str) -> None:
    rng = np.random.default_rng(2)
    found = [candidate(str(i), list(rng.random(n)), step=8, floor=9) for i, n in enumerate((32, 48, 64, 64))]
    found.append(candidate("fixed", list(rng.random(16)), ratio=0.5))
    products = Cost(Monomial(a.group.id, 1.0, (a.group.atom, b.group.atom)) for a, b in pairwise(found))
    target = 0.4 * products.total()
    result = budget.get(name).fit(found, work(*found), products, target)
    assert result.met and result.cost == products.total({c.group.atom: result.counts[c.group.id] for c in found})
    assert 0.95 * target <= result.cost <= target
    assert result.counts["fixed"] == 8
    assert all(n % 2 == 0 and n >= 9 for n in result.counts.values() if n != 8)
    assert budget.get(name).fit(found, work(*found), products, None).counts == {
        c.group.id: 8 if c.ratio else c.group.size for c in found
    }
    least = budget.get(name).fit(found, work(*found), products, 1.0)
    assert not least.met and least.counts == {"0": 16, "1": 16, "2": 16, "3": 16, "fixed": 8}


@pytest.mark.parametrize("name", [b.name for b in budgets()])
def test_budgets_ask_for_what_they_say(name: str) -> None:
    asked: list[Needs] = []

    def blocks() -> dict[str, Likeness]:
        asked.append(Needs.BLOCKS)
        return {}

    def trials() -> None:
        asked.append(Needs.TRIALS)

    found = [candidate("a", [1.0, 2, 3]), candidate("b", [3.0, 5, 8, 13])]
    able = work(*found, likeness=blocks, trials=trials)
    budget.get(name).fit(found, able, linear(*found), None)
    assert not asked
    budget.get(name).fit(found, able, linear(*found), 5.0)
    assert set(asked) == {budget.get(name).needs} - {Needs.SCORES}


def test_alignment_and_floor() -> None:
    c = candidate("c", [1.0] * 100, step=16, floor=20)
    assert c.align(70) == 64
    assert c.align(100) == 100
    assert c.align(99) == 96
    assert c.align(0) == 32
    assert c.above(64) == 80
    assert c.above(96) == 100
    assert c.allowed == [32, 48, 64, 80, 96, 100]


def test_the_best_units_stay_and_ties_keep_the_earlier() -> None:
    c = candidate("c", [2, 1, 2, 3])
    assert c.keep(2).tolist() == [True, False, False, True]


@pytest.mark.parametrize("fraction", [0.9, 0.5, 0.3])
def test_targets_are_met_from_below_within_two_percent(fraction: float) -> None:
    rng = np.random.default_rng(1)
    found = [
        candidate(str(i), list(rng.random(n)), step=16, floor=n // 10) for i, n in enumerate((64, 128, 256, 512, 512))
    ]
    squares = Cost(Monomial(f"{a.group.id}", 1.0, (a.group.atom, b.group.atom)) for a, b in pairwise(found))
    target = squares.total() * fraction
    result = fit(found, budget.get("uniform").widths(found, work(*found)), squares, target)
    assert result.met
    assert 0.98 * target <= result.cost <= target
    assert all(result.counts[c.group.id] % 4 == 0 for c in found)


def test_the_fit_follows_the_budget() -> None:
    """A fifth of one group's units for every unit of the other, as the budget says, and not alike."""
    a, b = candidate("a", [1.0] * 100), candidate("b", [1.0] * 100)
    result = fit([a, b], lambda level: [20 * level, 100 * level], linear(a, b), 60)
    assert result.counts == {"a": 10, "b": 50}


def test_an_impossible_target_is_missed_at_the_floors() -> None:
    c = candidate("c", [1.0] * 100, floor=10)
    result = fit([c], budget.get("uniform").widths([c], work(c)), linear(c), 5.0)
    assert not result.met
    assert result.counts == {"c": 10}


def test_a_coarse_group_is_traded_against_the_others() -> None:
    coarse, fine = candidate("coarse", [1.0] * 4), candidate("fine", [1.0] * 1000)
    cost = Cost([Monomial("coarse", 250, (coarse.group.atom,)), Monomial("fine", 1, (fine.group.atom,))])

    def widths(level: float) -> list[float]:
        return [level * 4, 1000.0]  # a budget that leaves `fine` alone until it must not

    result = fit([coarse, fine], lambda level: widths(level) if level > 0.01 else [0, level * 1e5], cost, 1600)
    assert result.met
    assert result.cost <= 1600


def test_fixed_ratios_stay() -> None:
    fixed, free = candidate("fixed", [1.0] * 8, ratio=0.5), candidate("free", [1.0] * 8)
    result = fit(
        [fixed, free],
        budget.get("uniform").widths([fixed, free], work(fixed, free)),
        linear(fixed, free),
        6,
    )
    assert result.counts == {"fixed": 4, "free": 2}
    assert fit([fixed, free], lambda level: [8, 8], linear(fixed, free), None).counts == {
        "fixed": 4,
        "free": 8,
    }


def test_unknown_budget() -> None:
    with pytest.raises(InputError, match=r"no budget 'x'; there are .*global, .*uniform"):
        budget.get("x")
