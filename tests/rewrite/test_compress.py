"""The sub-array that stays."""

import ml_dtypes
import numpy as np
import pytest

from onnxprune.rewrite import compress
from onnxprune.rewrite.compress import cheapest

TYPES = ["float32", "float16", "int8", "bool", ml_dtypes.bfloat16, ml_dtypes.int4]


def indices(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize(
    "axes",
    [
        {0: indices(0, 2)},
        {1: indices(1, 4)},
        {2: indices(0, 3)},
        {0: indices(1, 2), 2: indices(0, 2, 3)},
        {2: indices(0, 2), 1: indices(0, 3, 4), 0: indices(0, 2)},
        {1: indices(1, 2, 3), 2: indices(0, 2)},
    ],
    ids=str,
)
def test_what_stays_is_the_cross_product_of_the_indices(dtype: object, axes: dict[int, np.ndarray]) -> None:
    values = np.random.default_rng(0).integers(-8, 8, (3, 5, 4)).astype(dtype)  # type: ignore[call-overload]
    expected = values[np.ix_(*(axes.get(a, np.arange(n)) for a, n in enumerate(values.shape)))]
    got = compress(values, axes)
    assert got.dtype == values.dtype
    assert got.flags.c_contiguous
    np.testing.assert_array_equal(got, expected)


def test_nothing_may_stay() -> None:
    assert compress(np.ones((3, 2)), {0: indices()}).shape == (0, 2)


def test_rows_that_are_neighbours_are_not_copied() -> None:
    values = np.arange(12.0).reshape(4, 3)
    assert np.shares_memory(compress(values, {0: indices(1, 2)}), values)
    assert not np.shares_memory(compress(values, {0: indices(0, 2)}), values)
    assert compress(values, {1: indices(0, 1)}).flags.c_contiguous


def test_whole_rows_go_before_single_elements() -> None:
    assert cheapest((512, 512), 4, {0: 256, 1: 256}) == (0, 1)
    assert cheapest((512, 512, 3, 3), 4, {1: 256, 0: 256}) == (0, 1)


def test_rows_are_worth_a_little_more_to_copy() -> None:
    """By volume alone the second axis would go first: 4500 bytes against 5000, but in single bytes."""
    assert cheapest((100, 100), 1, {0: 50, 1: 45}) == (0, 1)
    assert cheapest((100, 100), 1, {0: 50, 1: 2}) == (1, 0)


def test_a_cut_that_leaves_little_comes_first() -> None:
    assert cheapest((64, 64, 9), 4, {0: 63, 1: 2}) == (1, 0)
