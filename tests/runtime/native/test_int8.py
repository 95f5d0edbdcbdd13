"""int8 kernels through the C interface, held against whole numbers."""

import numpy as np
import pytest

from tests.runtime.int8 import product
from tools.native_kernels import Spmm, compiler_missing

pytestmark = pytest.mark.skipif(compiler_missing() is not None, reason=compiler_missing() or "")

LEVELS = ["generic", "avx2", "avx512"]
BLOCKS = [(64, 4), (32, 4), (16, 4), (8, 4), (4, 4), (4, 1), (8, 1), (32, 1), (8, 8), (1, 1), (5, 3)]


def whole(rng, k, n, block, density=0.3):
    """A weight whose largest number is 127 for every output, so that its scale is 1."""
    mask = rng.random((-(-k // block[1]), -(-n // block[0]))) < density
    mask = mask.repeat(block[1], 0).repeat(block[0], 1)[:k, :n]
    w = rng.integers(-127, 128, (k, n)) * mask
    w[0] = 127
    return w.astype(np.float32)


def assert_same(y, expected, bias=0.0):
    np.testing.assert_allclose(y, expected + bias, rtol=1e-5, atol=1e-5 * np.abs(expected).max(initial=1))


@pytest.mark.parametrize("m", [1, 3, 8, 17, 33, 129])
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block[0]}x{block[1]}")
def test_blocks_of_every_level(block, m):
    rng = np.random.default_rng(m)
    w, x = whole(rng, 131, 203, block), rng.standard_normal((m, 131)).astype(np.float32)
    bias = rng.standard_normal(203).astype(np.float32)
    expected = product(x, w, np.ones(203))
    for level in LEVELS:
        spmm = Spmm(w, block, level=level, int8=True)
        assert spmm.kernel(m).startswith("int8/")
        np.testing.assert_array_equal(spmm.dense(), w)
        assert_same(spmm(x, bias=bias), expected, bias)


@pytest.mark.parametrize("block", [(32, 4), (8, 4), (4, 1)], ids=lambda block: f"{block[0]}x{block[1]}")
@pytest.mark.parametrize("sign", [1, -1])
def test_nothing_saturates(block, sign):
    """The largest sums there are: what is all 255 above the zero point, by weights that are all 127."""
    w, x = np.full((2048, 64), sign * 127, np.float32), np.full((20, 2048), 255, np.float32)
    for level in LEVELS:
        np.testing.assert_allclose(Spmm(w, block, level=level, int8=True)(x), x @ w, rtol=1e-6)


@pytest.mark.parametrize("block", [(32, 4), (8, 4), (4, 1)], ids=lambda block: f"{block[0]}x{block[1]}")
def test_odd_rows(block):
    """Zeros and subnormal numbers are zero, constants are exact, and what isn't finite spoils its own row."""
    rng = np.random.default_rng(0)
    w, x = whole(rng, 100, 64, block), rng.standard_normal((40, 100)).astype(np.float32)
    x[0], x[1], x[2], x[3] = 0, 1e-42, 3, -7
    x[4, 99], x[5, 0], x[6, 50] = np.nan, np.inf, -np.inf
    expected = product(np.where(np.isfinite(x), x, 0), w, np.ones(64))
    for level in LEVELS:
        y = Spmm(w, block, level=level, int8=True)(x)
        assert not y[:2].any() and np.isnan(y[4:7]).all()
        np.testing.assert_allclose(y[2:4], x[2:4].astype(np.float64) @ w, rtol=1e-5, atol=1e-2)
        assert_same(y[7:], expected[7:])


def test_weights_are_rounded_by_output():
    w = np.random.default_rng(0).standard_normal((64, 48)).astype(np.float32)
    steps = np.abs(w).max(axis=0) / 127
    assert (np.abs(Spmm(w, (16, 4), int8=True).dense() - w) <= steps * 0.501).all()


def test_epilogue():
    rng = np.random.default_rng(2)
    w, x = whole(rng, 96, 64, (16, 4)), rng.standard_normal((20, 96)).astype(np.float32)
    residual = rng.standard_normal((20, 64)).astype(np.float32)
    y = Spmm(w, (16, 4), int8=True)(x, activation="relu", residual=residual)
    assert_same(y, np.maximum(product(x, w, np.ones(64)), 0) + residual)
