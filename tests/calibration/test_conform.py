"""What a call must be: names, shapes, types, values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from onnxprune.calibration.conform import conform
from onnxprune.errors import InputError
from onnxprune.runtime import InputSpec


def cast(values: Any, dtype: str) -> np.ndarray[Any, Any]:
    array = np.asarray(values)
    return conform({"x": array}, [InputSpec("x", dtype, (None,) * array.ndim)], "here")["x"]


@pytest.mark.parametrize(
    ("values", "dtype", "kind"),
    [
        (np.array([0.5]), "float32", "float32"),
        (np.array([3], np.int32), "int64", "int64"),
        (np.array([255], np.uint8), "int64", "int64"),
        (np.array([3], ">i4"), "int32", "int32"),
        (np.array([True]), "int64", "int64"),
        (np.array([1]), "bool", "bool"),
        (np.array([2.0]), "int64", "int64"),
        (np.array([7]), "float16", "float16"),
        (np.array([1.0]), "bfloat16", "float32"),
        (np.array(["a"]), "str", "<U1"),
        (np.zeros((1, 0)), "float32", "float32"),
        (np.zeros((1, 0)), "int64", "int64"),
    ],
)
def test_casts_that_lose_nothing_are_made(values: np.ndarray[Any, Any], dtype: str, kind: str) -> None:
    made = cast(values, dtype)
    assert made.dtype == np.dtype(kind) and made.tolist() == values.tolist()


def test_bfloat16_is_rounded() -> None:
    assert cast([1.001], "bfloat16").tolist() == [1.0]


@pytest.mark.parametrize(
    ("values", "dtype", "words"),
    [
        ([0.5], "int64", "takes int64, but found are float64, of which 0.5 is no whole number"),
        ([0.5], "bool", "0.5 is no whole number"),
        ([300], "uint8", "takes uint8, but found are int64, of which 300 is beyond it"),
        ([-1], "uint8", "-1 is beyond it"),
        ([1e19], "int64", "is beyond it"),
        ([2], "bool", "2 is beyond it"),
        ([-1e6], "float16", "takes float16, but found are float64, of which -1e\\+06 is beyond it"),
        ([1.0, np.nan], "float32", r"holds NaN at \[1\]"),
        ([[-np.inf]], "float32", r"holds infinity at \[0, 0\]"),
        ([np.nan], "int64", "holds NaN"),
        (np.float64("nan"), "float32", r"holds NaN at \[\]"),
        (["a"], "float32", "takes float32, but found are text"),
        ([1], "str", "takes text, but found are int64"),
        ([1j], "float32", "takes float32, but found are complex128"),
        ([10**30], "int64", "found are Python objects"),
        ([None], "float32", "found are Python objects"),
        ([b"a"], "str", "found are bytes"),
    ],
)
def test_other_casts_are_refused(values: Any, dtype: str, words: str) -> None:
    with pytest.raises(InputError, match=f"^here: the input 'x' .*{words}"):
        cast(values, dtype)


SPECS = [InputSpec("input_ids", "int64", ("b", "s")), InputSpec("mask", "int64", ("b", "s"))]


def test_the_models_order() -> None:
    assert list(conform({"mask": [[1]], "input_ids": [[2]]}, SPECS, "here")) == ["input_ids", "mask"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"inputs_ids": [[1]], "mask": [[1]]}, "the model has no input 'inputs_ids'; did you mean input_ids?"),
        ({"input_ids": [[1]], "mask": [[1]], "q": 1}, "has no input 'q'; the inputs are input_ids, mask"),
        ({"input_ids": [[1]]}, "there are no values for the input 'mask'"),
        ({}, "there are no values for the input 'input_ids', 'mask'"),
        ({"input_ids": [[1], [2]], "mask": [[1]]}, "'input_ids' holds 2 samples, but 'mask' 1"),
        ({"input_ids": [[1], [2, 3]], "mask": [[1]]}, "the input 'input_ids' are no array: lists of different lengths"),
        ({"input_ids": [1], "mask": [[1]]}, "has rank 2, not 1"),
    ],
)
def test_calls_that_dont_suit(call: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        conform(call, SPECS, "here")
    assert str(caught.value).startswith("here: ") and words in str(caught.value)
