"""Streams of rows have the moments of all rows at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxprune.calibration import CrossMoments, Moments


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 99), st.floats(-1e3, 1e3))
def test_blocks_are_as_one(lengths: list[int], seed: int, offset: float) -> None:
    rows = offset + np.random.default_rng(seed).standard_normal((sum(lengths), 5))
    one, both = Moments(), CrossMoments()
    for block in np.split(rows, np.cumsum(lengths)[:-1]):
        one.update(block)
        both.update(block[:, :2], block[:, 2:])
    np.testing.assert_allclose(one.mean, rows.mean(axis=0))
    np.testing.assert_allclose(one.magnitude, np.abs(rows).mean(axis=0))
    np.testing.assert_allclose(one.variance, rows.var(axis=0), atol=1e-9)
    np.testing.assert_allclose(one.square, np.square(rows).mean(axis=0))
    whole = np.atleast_2d(np.cov(rows.T, bias=True))
    np.testing.assert_allclose(both.cross, whole[:2, 2:], atol=1e-9)
    np.testing.assert_allclose(both.covariance, whole[2:, 2:], atol=1e-9)


def test_a_large_mean_costs_no_precision() -> None:
    rows = (1e4 + np.random.default_rng(0).standard_normal((4096, 3))).astype(np.float32)
    seen = CrossMoments()
    for block in np.split(rows, 8):
        seen.update(block, block)
    expected = np.cov(rows.T.astype(np.float64), bias=True)
    assert seen.covariance == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_a_stack_is_each_on_its_own() -> None:
    random = np.random.default_rng(1)
    a, b = random.standard_normal((3, 50, 2)), random.standard_normal((3, 50, 4))
    stacked, alone = CrossMoments(), [CrossMoments() for _ in range(3)]
    for rows in (slice(0, 2), slice(2, 30), slice(30, 50)):
        stacked.update(a[:, rows], b[:, rows])
        for k, one in enumerate(alone):
            one.update(a[k, rows], b[k, rows])
    for name in ("mean_a", "mean_b", "cross", "covariance"):
        np.testing.assert_allclose(getattr(stacked, name), [getattr(one, name) for one in alone], atol=1e-12)
