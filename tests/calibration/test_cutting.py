"""Arrays of many samples become calls: in an .npz, whose arrays have names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxprune.calibration import BATCH, open_data
from onnxprune.calibration.cutting import cut
from onnxprune.calibration.registry import Found
from onnxprune.errors import InputError
from onnxprune.runtime import InputSpec

OPEN = InputSpec("x", "float32", ("batch", 2))
PAIR = [OPEN, InputSpec("y", "float32", ("batch", 3))]


def found(specs: list[InputSpec], samples: int = 512, **arrays: Any) -> Found:
    return cut({name: np.asarray(array) for name, array in arrays.items()}, specs, samples, "calib.npz", "0")


def rows(count: int, width: int = 2) -> np.ndarray[Any, Any]:
    """Every row holds its number."""
    return np.repeat(np.arange(count, dtype=np.float32)[:, None], width, axis=1)


@given(st.integers(1, 150), st.integers(1, 150))
def test_an_open_batch_makes_calls_of_up_to_32(count: int, samples: int) -> None:
    made = found(PAIR, samples, x=rows(count), y=rows(count, 3))
    calls = [made.make(i) for i in range(made.count)]
    assert all(len(call["x"]) <= BATCH for call in calls) and made.count == -(-min(count, samples) // BATCH)
    for call in calls:
        np.testing.assert_array_equal(call["x"][:, 0], call["y"][:, 0])
    order = np.concatenate([call["x"][:, 0] for call in calls])
    assert len(order) == min(count, samples) and (np.diff(order) > 0).all()


@given(st.integers(1, 5), st.integers(1, 40))
def test_a_fixed_batch_makes_whole_calls(size: int, count: int) -> None:
    spec = InputSpec("x", "float32", (size, 2))
    if count < size:
        with pytest.raises(InputError, match=f"takes {size} samples at a time"):
            found([spec], x=rows(count))
        return
    made = found([spec], x=rows(count))
    got = np.concatenate([made.make(i)["x"] for i in range(made.count)])
    np.testing.assert_array_equal(got, rows(count)[: count // size * size])
    assert bool(made.warnings) == bool(count % size)


def test_what_is_left_of_a_fixed_batch_is_said() -> None:
    made = found([InputSpec("x", "float32", (4, 2))], x=rows(10))
    assert made.warnings == ("calib.npz: 2 samples of 'x' at the end, too few for a batch, left out",)


@pytest.mark.parametrize("spec", [OPEN, InputSpec("x", "float32", (4, 2))])
def test_one_rank_more_is_a_call_for_every_index(spec: InputSpec) -> None:
    made = found([spec], x=np.arange(24).reshape(3, 4, 2))
    assert made.count == 3 and made.make(2)["x"].tolist() == np.arange(16, 24).reshape(4, 2).tolist()
    assert found([spec], 8, x=np.zeros((3, 4, 2))).count == (2 if spec is OPEN else 3)


def test_fewer_samples_are_evenly_spaced() -> None:
    assert found([OPEN], 3, x=rows(12)).make(0)["x"][:, 0].tolist() == [0, 4, 8]


def test_constants_go_into_every_call() -> None:
    state, rate = InputSpec("state", "float32", (2, 1, 4)), InputSpec("sr", "int64", ())
    made = found([OPEN, state, rate], x=rows(40), state=np.ones((2, 1, 4)), sr=16000)
    assert made.count == 2
    assert all(made.make(i)["state"].shape == (2, 1, 4) and made.make(i)["sr"] == 16000 for i in range(2))
    assert found([state, rate], state=np.ones((2, 1, 4)), sr=16000).count == 1


def test_a_state_has_its_samples_on_the_second_axis() -> None:
    state = InputSpec("state", "float32", (2, "batch", 4))
    made = found([OPEN, state], x=rows(40), state=np.ones((2, 40, 4)))
    assert [made.make(i)["state"].shape for i in range(2)] == [(2, 32, 4), (2, 8, 4)]


def test_an_open_length_that_is_no_batch_makes_one_call() -> None:
    spec = InputSpec("ids", "int64", ("sequence",))
    assert found([spec], ids=np.arange(100)).count == 1
    assert found([spec], ids=np.zeros((5, 7))).count == 5
    assert found([OPEN, spec], x=rows(20), ids=np.arange(9)).count == 1


@pytest.mark.parametrize(
    ("other", "array", "words"),
    [
        (("batch", 3), rows(5, 3), "'x' holds 4 samples, but 'y' 5 samples"),
        ((1, 3), rows(4, 3), "'x' holds 4 samples, but 'y' 4 calls"),
        (("batch", 3), np.zeros((2, 4, 3)), "'x' holds 4 samples, but 'y' 2 calls"),
        ((1, 3), np.zeros((1, 1, 3)), "'x' holds 4 samples, but 'y' 1 call"),
    ],
)
def test_counts_that_differ(other: tuple[Any, ...], array: np.ndarray[Any, Any], words: str) -> None:
    with pytest.raises(InputError, match=f"calib.npz: {words}$"):
        found([OPEN, InputSpec("y", "float32", other)], x=rows(4), y=array)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((0, 2)), "is empty"),
        (np.zeros(2), r"has rank 2, not 1: \[batch, 2\] was expected, \[2\] found; is the batch axis missing\?"),
        (np.zeros((4, 3)), r"has length 2 on axis 1, not 3: \[batch, 2\] was expected, \[4, 3\] found"),
        (np.zeros((4, 5, 3)), "has length 2 on axis 1, not 3"),
        (np.zeros((4, 0, 2)), "hold no samples"),
        (np.zeros((1, 1, 1, 2)), "has rank 2, not 4"),
    ],
)
def test_shapes_that_dont_suit(array: np.ndarray[Any, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        found([OPEN], x=array)


def test_a_length_that_the_user_gives_fixes_the_batch(tmp_path: Path) -> None:
    np.savez(tmp_path / "calib.npz", x=rows(5), y=rows(5, 3))
    data = open_data(str(tmp_path / "calib.npz"), PAIR, dims={"batch": 2})
    assert data.rows == (2, 2) and len(data.warnings) == 2 and data.split()[0].samples == 2
    with pytest.raises(InputError, match="no dynamic axis 'b'"):
        open_data(str(tmp_path / "calib.npz"), PAIR, dims={"b": 2})


def test_the_place_of_a_bad_value_is_told(tmp_path: Path) -> None:
    values = rows(40)
    values[37, 1] = np.nan
    np.savez(tmp_path / "calib.npz", x=values)
    with pytest.raises(InputError, match=r"calib.npz, samples 32 to 39: the input 'x' holds NaN at \[5, 1\]"):
        open_data(str(tmp_path / "calib.npz"), [OPEN])
