"""SparseMatMul with int8 values in a session, held against whole numbers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from onnxprune.errors import InputError
from onnxprune.graph import Packed, pack, unpack
from onnxprune.runtime import run, session
from tests.runtime.int8 import product
from tests.runtime.plugin.models import noise, packed_model, sparse

BLOCKS = [(32, 4), (16, 4), (8, 4), (4, 4), (4, 1), (16, 1), (8, 8)]


def expected(packed: Packed, x: np.ndarray) -> np.ndarray:
    steps = unpack(replace(packed, scales=np.ones(packed.n, np.float32)))
    assert packed.scales is not None
    return product(x, steps, packed.scales)


@given_settings(max_examples=40)
@given(
    st.tuples(st.integers(1, 70), st.integers(1, 200), st.integers(1, 140)),
    st.sampled_from(BLOCKS),
    st.floats(0, 1),
    st.booleans(),
    st.integers(0, 99),
)
def test_random_layers(sizes, block, kept, biased, seed):
    m, k, n = sizes
    packed = pack(sparse(k, n, block, kept=kept, seed=seed), block, int8=True)
    bias = noise(n) if biased else None
    x = noise(m, k, seed=seed)
    y = run(session(packed_model(packed, bias=bias)), {"x": x})["y"]
    wanted = expected(packed, x) + (0 if bias is None else bias)
    np.testing.assert_allclose(y, wanted, rtol=1e-5, atol=1e-5)


def test_activation_and_residual_come_after():
    packed, x = pack(sparse(64, 40, (8, 4)), (8, 4), int8=True), noise(2, 9, 64)
    residual = noise(2, 9, 40)
    loaded = session(packed_model(packed, rank=3, activation="relu", residual=True))
    y = run(loaded, {"x": x, "residual": residual})["y"]
    wanted = np.maximum(expected(packed, x.reshape(18, 64)), 0).reshape(2, 9, 40) + residual
    np.testing.assert_allclose(y, wanted, rtol=1e-5, atol=1e-5)


def test_it_is_near_the_product_that_is_not_rounded():
    weight, x = sparse(256, 128, (32, 4), kept=0.5), noise(64, 256)
    y = run(session(packed_model(pack(weight, (32, 4), int8=True))), {"x": x})["y"]
    assert np.linalg.norm(y - x @ weight) < 0.02 * np.linalg.norm(x @ weight)


def test_scales_must_fit():
    good = pack(sparse(64, 64, (8, 4)), (8, 4), int8=True)
    assert good.scales is not None
    for scales in (None, good.scales[:-1]):
        with pytest.raises(InputError, match="int8 values need a scale for every output"):
            session(packed_model(replace(good, scales=scales)))
