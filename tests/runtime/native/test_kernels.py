"""The native kernels: their own test program, and products through the C interface against numpy."""

import os
import subprocess

import numpy as np
import pytest

from tools import native_kernels
from tools.native_kernels import CUDA_TEST, TEST, Spmm, built, compiler_missing, cpu

pytestmark = pytest.mark.skipif(compiler_missing() is not None, reason=compiler_missing() or "")

LEVELS = ["generic", "avx2", "avx512"]
BLOCKS = [(64, 1), (32, 1), (16, 1), (8, 1), (4, 1), (8, 8), (1, 16), (1, 1), (5, 3)]


def sparse(rng, k, n, block, density=0.3):
    mask = rng.random((-(-k // block[1]), -(-n // block[0]))) < density
    mask = mask.repeat(block[1], 0).repeat(block[0], 1)[:k, :n]
    return (rng.standard_normal((k, n)) * mask).astype(np.float32)


def assert_product(y, x, w, bias=None):
    exact = x.astype(np.float64) @ w
    size = np.abs(x).astype(np.float64) @ np.abs(w)
    if bias is not None:
        exact, size = exact + bias, size + np.abs(bias)
    assert (np.abs(y - exact) <= 1e-5 * np.maximum(size, 1)).all()


@pytest.mark.parametrize("level", LEVELS)
def test_random_problems_agree_with_float64(level):
    done = subprocess.run(
        [str(built() / TEST), "150", "7"],
        env={**os.environ, "ONNXPRUNE_CPU": level},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "150 problems" in done.stdout


@pytest.mark.parametrize("m", [1, 2, 7, 17, 129])
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block[0]}x{block[1]}")
def test_blocks_against_numpy(block, m):
    rng = np.random.default_rng(m)
    w, x = sparse(rng, 131, 203, block), rng.standard_normal((m, 131)).astype(np.float32)
    bias = rng.standard_normal(203).astype(np.float32)
    for level in LEVELS:
        assert_product(Spmm(w, block, level=level)(x, bias=bias), x, w, bias)


@pytest.mark.parametrize("group", [(2, 4), (1, 4), (4, 8)], ids=lambda group: f"{group[0]}:{group[1]}")
def test_grouped_keeps_the_largest(group):
    rng = np.random.default_rng(0)
    kept, of = group
    w, x = rng.standard_normal((64, 33)).astype(np.float32), rng.standard_normal((9, 64)).astype(np.float32)
    spmm = Spmm(w, group=group)
    magnitude = np.abs(w).reshape(-1, of, 33)
    largest = np.sort(magnitude, axis=1)[:, of - kept][:, None]
    expected = np.where(magnitude >= largest, w.reshape(-1, of, 33), 0).reshape(64, 33)
    np.testing.assert_array_equal(spmm.dense(), expected)
    assert_product(spmm(x), x, expected)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block[0]}x{block[1]}")
def test_packing_loses_nothing(block):
    w = sparse(np.random.default_rng(1), 45, 70, block)
    np.testing.assert_array_equal(Spmm(w, block).dense(), w)


@pytest.mark.parametrize("narrow", [(16, 1), (4, 1), (1, 1)], ids=lambda block: f"{block[0]}x{block[1]}")
def test_strips_that_agree_become_wider(narrow):
    rng = np.random.default_rng(3)
    w, x = sparse(rng, 200, 150, (64, 1), 0.2), rng.standard_normal((30, 200)).astype(np.float32)
    spmm = Spmm(w, narrow)
    assert_product(spmm(x), x, w)
    if cpu() != "generic":
        assert spmm.kernel(30).startswith("blocks/")


def test_residual_is_added_after_the_activation():
    rng = np.random.default_rng(2)
    w, x = sparse(rng, 96, 64, (16, 1)), rng.standard_normal((20, 96)).astype(np.float32)
    residual = rng.standard_normal((20, 64)).astype(np.float32)
    y = Spmm(w, (16, 1))(x, activation="relu", residual=residual)
    np.testing.assert_allclose(y, np.maximum(x @ w, 0) + residual, atol=1e-4)


@pytest.mark.parametrize("activation", ["relu", "gelu_erf", "gelu_tanh", "silu"])
def test_activations_carry_not_a_number(activation):
    w = np.eye(16, dtype=np.float32)
    x = np.full((1, 16), np.nan, np.float32)
    for level in LEVELS:
        assert np.isnan(Spmm(w, (16, 1), level=level)(x, activation=activation)).all()


@pytest.mark.parametrize("block", [(16, 1), (4, 1), (1, 1)], ids=lambda block: f"{block[0]}x{block[1]}")
def test_subnormal_weights_are_zero(block):
    w = np.full((32, 32), 1e-40, np.float32)
    assert not Spmm(w, block)(np.full((20, 32), 1e30, np.float32)).any()


def test_kernels_for_gpus_agree_with_float64_where_every_instruction_is_emulated():
    program = built(targets=[CUDA_TEST]) / CUDA_TEST
    done = subprocess.run([str(program), "150", "7"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "150 problems, emulated: 0 failed" in done.stdout, done.stdout + done.stderr


def test_refusals_are_sentences():
    with pytest.raises(ValueError, match="sizes must be positive"):
        Spmm(np.ones((4, 4), np.float32), (0, 1))
    with pytest.raises(ValueError, match="1 <= N <= M"):
        Spmm(np.ones((4, 4), np.float32), group=(5, 4))


def test_an_unchanged_source_is_built_once(monkeypatch):
    folder = built()
    monkeypatch.setattr(native_kernels, "_build", None)
    assert built() == folder and cpu() in {"generic", "avx2", "avx512", "neon"}
