"""Data as calls, and its two parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxprune.calibration import Data
from onnxprune.errors import InputError


def numbered(count: int) -> Data:
    """Calls of one sample that hold their number."""
    return Data("numbers", "0" * 64, (1,) * count, lambda i: {"x": np.array([[i]])})


def values(data: Data) -> list[int]:
    return [int(x) for call in data for x in call["x"].ravel()]


def batch(count: int) -> Data:
    """A single call with an input of many samples, one whose samples are on axis 1, and one that is no batch."""
    call = {"x": np.arange(count)[:, None], "h": np.arange(count)[None, :, None], "rate": np.array(16000)}
    return Data("batch", "0" * 64, (count,), lambda _: call, batch={"x": 0, "h": 1})


def test_calls_are_made_on_access_only() -> None:
    made: list[int] = []

    def make(index: int) -> dict[str, Any]:
        made.append(index)
        return {"x": np.array([[index]])}

    data = Data("lazy", "0" * 64, (1,) * 9, make)
    kept, held = data.split()
    assert len(data) == data.samples == 9 and made == []
    assert 4 <= int(held[1]["x"][0, 0]) < 8 and kept[-1]["x"] == 8 and len(made) == 2


def test_slices_and_ends() -> None:
    data = numbered(5)
    assert values(data[1:4]) == [1, 2, 3] and data[-1]["x"] == 4 and values(data[3:][1:]) == [4]
    with pytest.raises(IndexError):
        data[5]


def test_one_of_four_calls_is_held_out() -> None:
    kept, held = numbered(9).split()
    assert [i // 4 for i in values(held)] == [0, 1] and sorted(values(kept) + values(held)) == list(range(9))
    assert len({kept.digest, held.digest, numbered(9).digest}) == 3 and not kept.shared
    assert [part.digest for part in numbered(9).split()] == [kept.digest, held.digest]


@pytest.mark.parametrize("period", [2, 3, 4, 8])
def test_data_that_go_through_their_classes_in_turn_have_all_of_them_in_both_parts(period: int) -> None:
    for part in numbered(100).split():
        assert {i % period for i in values(part)} == set(range(period))


@given(st.integers(2, 200), st.floats(0.001, 0.999))
def test_the_parts_are_disjoint_and_whole_and_none_is_empty(count: int, fraction: float) -> None:
    kept, held = numbered(count).split(fraction)
    assert kept and held and sorted(values(kept) + values(held)) == list(range(count))
    assert abs(len(held) - count * fraction) <= 1 + count / 1000


@given(st.integers(2, 100))
def test_a_single_call_is_split_along_its_batch(count: int) -> None:
    parts = batch(count).split()
    for part in parts:
        assert len(part) == 1 and not part.shared and part[0]["rate"] == 16000
        assert part[0]["x"].ravel().tolist() == part[0]["h"].ravel().tolist() and part[0]["h"].ndim == 3
        assert part.samples == part[0]["x"].size > 0
    assert sorted(values(parts[0]) + values(parts[1])) == list(range(count))


@pytest.mark.parametrize("single", [numbered(1), batch(1), Data("fixed", "0", (4,), lambda _: {"x": np.arange(4)})])
def test_what_cant_be_split_is_in_both_parts(single: Data) -> None:
    kept, held = single.split()
    assert kept.shared and held.shared and kept.digest == held.digest == single.digest
    assert values(kept) == values(held) == values(single)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 2, float("nan")])
def test_the_fraction_is_one(fraction: float) -> None:
    with pytest.raises(InputError, match="between 0 and 1"):
        numbered(4).split(fraction)
