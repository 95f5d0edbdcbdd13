"""Packed weights: the arrays, and the dense weight that they stand for."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onnxprune.errors import InputError
from onnxprune.graph import pack, pack_groups, unpack

W = np.array([[1, 2, 0, 0, 0], [0, 0, 0, 0, 3], [0, 0, 0, 0, 0]], np.float32)


def test_blocks_by_hand():
    """Two outputs by one input: three runs of outputs, the last of which sticks out."""
    packed = pack(W, (2, 1))
    assert packed.pointer is not None
    assert packed.values.tolist() == [[[1, 2]], [[3, 0]]]
    assert packed.index.tolist() == [0, 1]
    assert packed.pointer.tolist() == [0, 1, 1, 2]
    assert (packed.values.dtype, packed.index.dtype, packed.pointer.dtype) == (np.float32, np.uint16, np.int32)


def test_groups_by_hand():
    packed = pack_groups([[0, 1], [5, 0], [6, 0], [0, 0]], (2, 4))
    assert packed.values.tolist() == [[5, 6], [1, 0]]
    assert packed.index.tolist() == [[1, 2], [0, 1]]
    assert packed.pointer is None and packed.index.dtype == np.uint8


@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(1, 17), st.integers(1, 5), st.floats(0, 1), st.integers(0, 9)
)
def test_there_and_back(k, n, out, into, kept, seed):
    rng = np.random.default_rng(seed)
    weight = np.asarray(rng.standard_normal((k, n)) * (rng.random((k, n)) < kept), np.float32)
    packed = pack(weight, (out, into))
    assert np.array_equal(unpack(packed), weight)
    assert all(block.any() for block in packed.values)


def test_many_inputs_need_a_wider_index():
    weight = np.zeros((2**16 + 1, 1), np.float32)
    weight[-1] = 1
    assert pack(weight, (1, 1)).index.dtype == np.int32
    assert np.array_equal(unpack(pack(weight, (1, 1))), weight)


def test_a_last_group_that_sticks_out():
    weight = np.array([[1], [0], [0], [2], [0], [3]], np.float32)
    packed = pack_groups(weight, (2, 4))
    assert np.array_equal(unpack(packed), weight)
    assert int(packed.index.max()) < 4


def test_int8_is_within_half_a_step():
    weight = np.random.default_rng(0).standard_normal((30, 20)).astype(np.float32)
    weight[:, 3] = 0
    packed = pack(weight, (4, 1), int8=True)
    assert packed.values.dtype == np.int8 and packed.scales is not None
    assert (np.abs(unpack(packed) - weight) <= packed.scales / 2 + 1e-7).all()


def test_what_cannot_be_packed():
    with pytest.raises(InputError, match="a matrix of finite numbers"):
        pack([[np.nan]], (1, 1))
    with pytest.raises(InputError, match="a matrix of finite numbers"):
        pack(np.zeros((2, 2, 2)), (1, 1))
    with pytest.raises(InputError, match="blocks of 0x1 elements"):
        pack(W, (0, 1))
    with pytest.raises(InputError, match="more than 2 nonzeros among 4"):
        pack_groups(np.ones((4, 1)), (2, 4))
    with pytest.raises(InputError, match="3 of 2"):
        pack_groups(np.ones((4, 1)), (3, 2))


@pytest.mark.parametrize(
    "change",
    [
        {"index": np.array([0, 3], np.uint16)},
        {"index": np.array([0, -1], np.int32)},
        {"pointer": np.array([0, 2, 1, 2], np.int32)},
        {"pointer": np.array([0, 1, 2], np.int32)},
        {"values": np.zeros((3, 1, 2), np.float32)},
    ],
)
def test_arrays_that_contradict_each_other(change):
    with pytest.raises(InputError, match=r"a packed weight of 3 x 5 has arrays that don't fit"):
        unpack(replace(pack(W, (2, 1)), **change))
