"""Labels beside inputs: cut as these are, kept apart from them, and refused where they don't suit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from onnxprune.calibration import Data, Samples, open_data
from onnxprune.errors import InputError
from onnxprune.runtime import InputSpec

X = [InputSpec("x", "float32", ("batch", 2))]
ROWS = np.repeat(np.arange(40, dtype=np.float32)[:, None], 2, axis=1)


def _opened(tmp_path: Path, specs: list[InputSpec] = X, samples: int = 512, **arrays: Any) -> Data:
    np.savez(tmp_path / "calib.npz", **arrays)
    return open_data(str(tmp_path / "calib.npz"), specs, samples=samples, labels="y")


def test_labels_follow_their_samples(tmp_path: Path) -> None:
    data = _opened(tmp_path, x=ROWS, y=np.arange(40, dtype=np.int32), samples=10)
    for part in (data, *data.split(0.25)):
        for call in range(len(part)):
            assert set(part[call]) == {"x"}
            label = part.label(call)
            assert label is not None and label.dtype == np.int64
            np.testing.assert_array_equal(label, part[call]["x"][:, 0])


def test_a_fixed_batch_and_calls_as_they_are(tmp_path: Path) -> None:
    fixed = _opened(tmp_path, [InputSpec("x", "float32", (8, 2))], x=ROWS, y=np.arange(40) / 2)
    np.testing.assert_array_equal(fixed.label(1), np.arange(8, 16) / 2)
    calls = _opened(tmp_path, x=ROWS.reshape(10, 4, 2), y=np.arange(40).reshape(10, 4))
    np.testing.assert_array_equal(calls.label(3), [12, 13, 14, 15])


def test_lines_and_folders(tmp_path: Path) -> None:
    lines = tmp_path / "calib.jsonl"
    lines.write_text("\n".join(json.dumps({"x": [[i, i]], "y": [i]}) for i in range(3)))
    np.savez(tmp_path / "0.npz", x=ROWS[:2], y=[0, 1])
    for text in (lines, tmp_path):
        data = open_data(str(text), X, labels="y")
        np.testing.assert_array_equal(data.label(0), data[0]["x"][:, 0])


def test_samples_are_single(tmp_path: Path) -> None:
    data = _opened(tmp_path, x=ROWS, y=np.arange(40))
    found = list(Samples(data, 5))
    assert [float(s.feeds["x"][0, 0]) for s in found] == [0, 8, 16, 24, 32]
    assert [s.feeds["x"].shape for s in found] == [(1, 2)] * 5
    assert [s.label.tolist() for s in found if s.label is not None] == [[0], [8], [16], [24], [32]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, r"sample.* 0 to 31: there are no labels 'y'; there is 'x'"),
        ({"y": np.arange(39)}, "'x' holds 40 samples, but 'y' 39 labels"),
        ({"y": np.array(["a"] * 40)}, "the labels 'y' are neither whole numbers nor floats"),
        ({"y": np.full(40, np.nan)}, "the labels 'y' hold NaN or infinity"),
        ({"y": np.array(1)}, "'x' holds 40 samples, but 'y' a single label"),
    ],
)
def test_what_doesnt_suit(tmp_path: Path, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        _opened(tmp_path, x=ROWS, **given)


def test_an_input_is_no_label(tmp_path: Path) -> None:
    np.savez(tmp_path / "calib.npz", x=ROWS)
    with pytest.raises(InputError, match="--labels x: is an input of the model"):
        open_data(str(tmp_path / "calib.npz"), X, labels="x")


def test_names_are_checked_as_ever(tmp_path: Path) -> None:
    np.savez(tmp_path / "calib.npz", x=ROWS, y=np.arange(40))
    with pytest.raises(InputError, match="the model has no input 'y'"):
        open_data(str(tmp_path / "calib.npz"), X)
