"""Budgets and the fit to a target, on candidates made by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from onnxprune import budget
from onnxprune.budget import Candidate, Cost, Monomial, Work, budgets, fit
from onnxprune.coupling import Group
from onnxprune.coupling.terms import Atom
from onnxprune.errors import InputError


def _candidate(name: str, scores: list[float], **options: float) -> Candidate:
    atom = Atom(len(scores))
    return Candidate(Group(name, atom, len(scores)), np.array(scores, float), "channels", **options)  # type: ignore[arg-type]


def _linear(*candidates: Candidate, weight: float = 1.0) -> Cost:
    return Cost(Monomial(c.group.id, weight, (c.group.atom,)) for c in candidates)


def _work(*candidates: Candidate) -> Work:
    return Work(_linear(*candidates), _linear(*candidates))


def test_uniform_keeps_the_same_fraction() -> None:
    a, b = _candidate("a", [1.0] * 10), _candidate("b", [1.0] * 40)
    widths = budget.get("uniform").widths([a, b], _work(a, b))
    assert widths(0.5) == [5, 20]
    assert widths(1.0) == [10, 40]


def test_global_takes_the_least_useful_of_all() -> None:
    # divided by their means (2 and 20): a = .5 .5 1 2, b = .5 1 1.25 1.25
    a, b = _candidate("a", [1, 1, 2, 4]), _candidate("b", [10, 20, 25, 25])
    widths = budget.get("global").widths([a, b], _work(a, b))
    assert widths(1.0) == [4, 4]
    assert widths(5 / 8) == [2, 3]
    assert sum(widths(0.25)) < sum(widths(0.5))


def test_threshold_takes_scores_as_they_are_down_to_the_floor() -> None:
    a, b = _candidate("a", [1, 2, 3, 4], floor=2), _candidate("b", [2.5, 20, 25, 25])
    widths = budget.get("threshold").widths([a, b], _work(a, b))
    assert widths(1.0) == [4, 4]
    assert widths(5 / 8) == [2, 3]  # above 1, 2 and 2.5
    assert widths(3 / 8) == [0, 3]
    assert fit([a, b], widths, _linear(a, b), 5.0).counts == {"a": 2, "b": 3}


def test_roofline_narrows_what_moves_much_data() -> None:
    lean, heavy = _candidate("lean", [1.0] * 64), _candidate("heavy", [1.0] * 64)
    moved = Cost([Monomial("l", 0.01, (lean.group.atom,)), Monomial("h", 1.0, (heavy.group.atom,))])
    widths = budget.get("roofline").widths([lean, heavy], Work(_linear(lean, heavy), moved))
    kept = widths(0.5)
    assert kept[0] > 32 > kept[1]
    alike = budget.get("roofline").widths([lean, heavy], _work(lean, heavy))(0.5)
    assert alike == pytest.approx([32, 32])


@pytest.mark.parametrize("name", [b.name for b in budgets()])
def test_widths_never_decrease_and_end_at_everything(name: str) -> None:
    rng = np.random.default_rng(0)
    found = [_candidate(str(i), list(rng.random(n))) for i, n in enumerate((3, 16, 50))]
    widths = budget.get(name).widths(found, _work(*found))
    levels = [widths(level) for level in np.linspace(0, 1, 21)]
    assert all(x <= y + 1e-9 for one, two in pairwise(levels) for x, y in zip(one, two, strict=True))
    assert levels[-1] == pytest.approx([3, 16, 50])


def test_alignment_and_floor() -> None:
    c = _candidate("c", [1.0] * 100, step=16, floor=20)
    assert c.align(70) == 64
    assert c.align(100) == 100
    assert c.align(99) == 96
    assert c.align(0) == 32
    assert c.above(64) == 80
    assert c.above(96) == 100


def test_the_best_units_stay_and_ties_keep_the_earlier() -> None:
    c = _candidate("c", [2, 1, 2, 3])
    assert c.keep(2).tolist() == [True, False, False, True]


@pytest.mark.parametrize("fraction", [0.9, 0.5, 0.3])
def test_targets_are_met_from_below_within_two_percent(fraction: float) -> None:
    rng = np.random.default_rng(1)
    found = [
        _candidate(str(i), list(rng.random(n)), step=16, floor=n // 10) for i, n in enumerate((64, 128, 256, 512, 512))
    ]
    squares = Cost(Monomial(f"{a.group.id}", 1.0, (a.group.atom, b.group.atom)) for a, b in pairwise(found))
    target = squares.total() * fraction
    result = fit(found, budget.get("uniform").widths(found, _work(*found)), squares, target)
    assert result.met
    assert 0.98 * target <= result.cost <= target
    assert all(result.counts[c.group.id] % 4 == 0 for c in found)


def test_the_fit_follows_the_budget() -> None:
    """A fifth of one group's units for every unit of the other, as the budget says, and not alike."""
    a, b = _candidate("a", [1.0] * 100), _candidate("b", [1.0] * 100)
    result = fit([a, b], lambda level: [20 * level, 100 * level], _linear(a, b), 60)
    assert result.counts == {"a": 10, "b": 50}


def test_an_impossible_target_is_missed_at_the_floors() -> None:
    c = _candidate("c", [1.0] * 100, floor=10)
    result = fit([c], budget.get("uniform").widths([c], _work(c)), _linear(c), 5.0)
    assert not result.met
    assert result.counts == {"c": 10}


def test_a_coarse_group_is_traded_against_the_others() -> None:
    coarse, fine = _candidate("coarse", [1.0] * 4), _candidate("fine", [1.0] * 1000)
    cost = Cost([Monomial("coarse", 250, (coarse.group.atom,)), Monomial("fine", 1, (fine.group.atom,))])

    def widths(level: float) -> list[float]:
        return [level * 4, 1000.0]  # a budget that leaves `fine` alone until it must not

    result = fit([coarse, fine], lambda level: widths(level) if level > 0.01 else [0, level * 1e5], cost, 1600)
    assert result.met
    assert result.cost <= 1600


def test_fixed_ratios_stay() -> None:
    fixed, free = _candidate("fixed", [1.0] * 8, ratio=0.5), _candidate("free", [1.0] * 8)
    result = fit(
        [fixed, free],
        budget.get("uniform").widths([fixed, free], _work(fixed, free)),
        _linear(fixed, free),
        6,
    )
    assert result.counts == {"fixed": 4, "free": 2}
    assert fit([fixed, free], lambda level: [8, 8], _linear(fixed, free), None).counts == {
        "fixed": 4,
        "free": 8,
    }


def test_unknown_budget() -> None:
    with pytest.raises(InputError, match=r"no budget 'x'; there are .*global, .*uniform"):
        budget.get("x")
