"""Zeros for a time: by speeds and losses that are made up."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from onnxprune.sparse import LEVELS, Choice, Pattern, Slot, Speed, Wanted, Worth, choose

FINE, COARSE = Pattern(4), Pattern(16)


def _slot(hurts: float, *, patterns: tuple[Pattern, ...] = (COARSE,), gain: float = 1.1, seconds: float = 1.0) -> Slot:
    """A layer that loses `hurts` * sparsity^3 in 4x1, four times as much in 16x1, whose blocks cost a little less."""
    levels = np.array(LEVELS)
    points = {"4x1": [(0.0, 1.2), (0.9, 0.2)], "16x1": [(0.0, 1.1), (0.9, 0.1)]}
    losses = {"4x1": hurts * levels**3, "16x1": np.minimum(4 * hurts * levels**3, 0.999)}
    return Slot(Wanted(patterns[0], 0.5, "alps"), Worth(gain, patterns), Speed(8, seconds, points), losses)


def _sparsities(choice: Choice) -> dict[str, float]:
    return {name: want.sparsity if want else 0.0 for name, want in choice.wanted.items()}


def test_zeros_go_where_they_do_least_harm() -> None:
    choice = choose({"tough": _slot(0.05), "tender": _slot(0.4)}, 1.2)
    found = _sparsities(choice)
    assert choice.met and 1.1 < choice.seconds < 1.201 and found["tough"] > found["tender"]


@pytest.mark.parametrize("room", [0.5, 0.9, 1.3, 1.7])
def test_no_other_choice_loses_much_less(room: float) -> None:
    slots = {"a": _slot(0.1, patterns=(FINE, COARSE)), "b": _slot(0.3)}
    choice = choose(slots, room)
    options = [slot.options() for slot in slots.values()]
    best = min(
        sum(o.loss for o in both) for both in itertools.product(*options) if sum(o.seconds for o in both) <= room
    )
    taken = 0.0
    for name, slot in slots.items():
        taken += next(o.loss for o in slot.options() if o.want == choice.wanted[name])
    assert choice.met and taken <= 1.1 * best + 0.01


def test_fine_blocks_where_there_is_time_for_them() -> None:
    slots = {"a": _slot(0.4, patterns=(FINE, COARSE))}
    patterns = {room: choose(slots, room).wanted["a"] for room in (0.75, 0.12)}
    assert [want.pattern for want in patterns.values() if want] == [FINE, COARSE]


def test_dense_where_there_is_room_or_nothing_to_gain() -> None:
    slots = {"a": _slot(0.1), "b": _slot(0.1, gain=100.0)}
    assert choose(slots, 2.0).wanted == {"a": None, "b": None}
    tight = choose(slots, 0.5)
    assert not tight.met and tight.wanted["b"] is None and _sparsities(tight)["a"] == 0.96


def test_a_pattern_with_zeros_of_its_own() -> None:
    groups = Pattern.parse("2:4")
    slot = Slot(
        Wanted(groups, 0.5, "alps"), Worth(1.1, (groups,)), Speed(8, 1.0, {"2:4": [(0.5, 0.7)]}), {"2:4": [0.1]}
    )
    want = choose({"a": slot}, 0.8).wanted["a"]
    assert want is not None and want.sparsity == 0.5


def test_one_sparsity_where_nothing_is_known_of_losses() -> None:
    slots = {n: Slot(s.want, s.worth, s.speed, {}) for n, s in {"a": _slot(1), "b": _slot(1, seconds=3.0)}.items()}
    choice = choose(slots, 2.0)
    assert choice.met and len(set(_sparsities(choice).values())) == 1 and 1.9 < choice.seconds < 2.001
    assert not choose(slots, 0.01).met and choose(slots, 0.01).seconds < 0.5
