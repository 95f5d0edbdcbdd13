"""Steps of training data."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from onnxprune.calibration import Data
from onnxprune.recovery import batches
from onnxprune.recovery.batches import Batches, split

VALUES = np.arange(20, dtype=np.float32).reshape(10, 2)
OPEN = Data("open", "", (4, 4, 2), lambda i: {"x": VALUES[4 * i : 4 * i + 4]}, {"x": 0})
FIXED = Data("fixed", "", (1,) * 10, lambda i: {"x": VALUES[i : i + 1]})


def seen(steps: list[list[dict[str, np.ndarray]]]) -> list[float]:
    return [float(v) for step in steps for call in step for v in call["x"][:, 0]]


def test_every_sample_once_in_a_round_and_in_another_order_in_the_next() -> None:
    both = list(islice(Batches(OPEN, 4, seed=3).forever(), 6))
    first, second = seen(both[:3]), seen(both[3:])
    assert sorted(first) == sorted(second) == list(VALUES[:, 0])
    assert first != second
    assert [len(step) for step in both] == [1] * 6
    assert seen(list(islice(Batches(OPEN, 4, seed=3).forever(), 3))) == first
    assert seen(list(islice(Batches(OPEN, 4, seed=4).forever(), 3))) != first


def test_a_start_in_the_middle() -> None:
    whole = list(islice(Batches(OPEN, 4).forever(), 7))
    assert seen(list(islice(Batches(OPEN, 4).forever(start=5), 2))) == seen(whole[5:])


def test_calls_that_can_not_be_mixed_are_taken_as_they_are() -> None:
    steps = list(islice(Batches(FIXED, 4).forever(), 3))
    assert sorted(len(step) for step in steps) == [2, 4, 4]
    assert sorted(seen(steps)) == list(VALUES[:, 0])


def test_samples_of_different_lengths_stay_apart() -> None:
    calls = [{"x": np.zeros((2, length), np.float32)} for length in (3, 5, 3)]
    data = Data("texts", "", (2, 2, 2), lambda i: calls[i], {"x": 0})
    shapes = sorted(step[0]["x"].shape for step in islice(Batches(data, 4).forever(), 2))
    assert shapes == [(2, 5), (4, 3)]


def test_processes_share_a_round() -> None:
    parts = [list(islice(Batches(OPEN, 2, share=(rank, 2)).forever(), 3)) for rank in range(2)]
    assert set(seen(parts[0]) + seen(parts[1])) == set(VALUES[:, 0])
    assert len(set(seen(parts[0])) & set(seen(parts[1]))) <= 2  # five steps: one is done twice


def test_what_memory_does_not_hold_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BYTES", 40)
    made: list[int] = []

    def make(index: int) -> dict[str, np.ndarray]:
        made.append(index)
        return {"x": VALUES[4 * index : 4 * index + 4]}

    steps = list(islice(Batches(Data("", "", (4, 4, 2), make, {"x": 0}), 10).forever(), 2))
    assert sorted(seen(steps[:1])) == list(VALUES[:, 0])
    assert made.count(0) == 1 < made.count(1)


def test_split() -> None:
    call = {"x": VALUES, "m": VALUES.T}
    parts = split(call, {"x": 0, "m": 1}, 3)
    assert [part["x"].shape for part in parts] == [(4, 2), (3, 2), (3, 2)]
    assert [part["m"].shape for part in parts] == [(2, 4), (2, 3), (2, 3)]
    assert len(split(call, {"x": 0, "m": 1}, 64)) == 10
