"""Groups of one decision in place of another's, by losses that are known."""

from __future__ import annotations

import pytest

from onnxprune.pruning.mixing import SLICES, Judged, mixed, slices

WORTH = {"a": -1.0, "b": 2.0, "c": -0.5}
"""What the loss changes by where a group is from the second decision."""


def judged(names: frozenset[str], worth: dict[str, float] = WORTH) -> Judged[str]:
    return Judged(10 + sum(worth[name] for name in names), "".join(sorted(names)))


@pytest.mark.parametrize("b", [2.0, 0.5])
def test_what_helps_is_taken_and_what_harms_is_not(b: float) -> None:
    """10 + 2 - 1.5 is more than the first's 10, 10 + 0.5 - 1.5 less: either way a and c are what is best, 8.5."""
    worth = WORTH | {"b": b}
    ends = judged(frozenset(), worth), judged(frozenset(worth), worth)
    assert (ends[1].loss < ends[0].loss) == (b < 1.5)
    assert mixed(list(worth), *ends, lambda names: judged(names, worth)) == Judged(8.5, "ac")


def test_what_can_t_be_is_left() -> None:
    ends = judged(frozenset()), judged(frozenset(WORTH))
    assert mixed(list(WORTH), *ends, lambda names: None if "a" in names else judged(names)) == Judged(9.5, "c")


def test_two_ends_are_judged_once() -> None:
    def never(names: frozenset[str]) -> Judged[str]:
        raise AssertionError(names)

    assert mixed(["a"], judged(frozenset()), judged(frozenset("a")), never) == Judged(9.0, "a")
    assert mixed([], judged(frozenset()), judged(frozenset()), never) == Judged(10.0, "")


def test_slices_hold_every_name_once() -> None:
    for count in (0, 1, 7, 8, 9, 30):
        names = [str(k) for k in range(count)]
        parts = list(slices(names))
        assert sorted(name for part in parts for name in part) == sorted(names)
        assert len(parts) == min(count, SLICES) and all(parts)
