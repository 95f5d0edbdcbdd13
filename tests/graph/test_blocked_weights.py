"""Weights in blocks, in numpy alone: for blocks of 8 and of 16, whatever the processor."""

import numpy as np
import pytest

from onnxprune.graph.blocked_weights import Unclear, unblocked, used
from tests.graph.helpers import in_blocks, noise


@pytest.mark.parametrize("block", [8, 16])
@pytest.mark.parametrize("shape", [(20, 12, 3, 2), (32, 16, 1, 1), (5, 40, 2, 2)])
def test_blocks_of_outputs_and_inputs(block: int, shape: tuple[int, ...]) -> None:
    plain = noise(*shape)
    found = unblocked(in_blocks(plain, block, inputs=True), block, inputs=True)
    np.testing.assert_array_equal(found[: shape[0], : shape[1]], plain)
    assert (used(found, 0), used(found, 1)) == shape[:2]


@pytest.mark.parametrize("block", [8, 16])
@pytest.mark.parametrize("shape", [(20, 3, 3, 2), (24, 1, 5, 5), (64, 7, 1, 1)])
def test_blocks_of_outputs(block: int, shape: tuple[int, ...]) -> None:
    plain = noise(*shape)
    found = unblocked(in_blocks(plain, block, inputs=False), block, inputs=False)
    np.testing.assert_array_equal(found[: shape[0]], plain)
    assert used(found, 0) == shape[0]


def test_the_wrong_block_is_seen_where_channels_do_not_fill_it() -> None:
    stored = in_blocks(noise(20, 24, 1, 1), 8, inputs=True)
    with pytest.raises(Unclear, match="24 x 24 channels are not laid out in blocks of 16"):
        unblocked(stored, 16, inputs=True)


def test_nothing_is_used_of_zeros() -> None:
    assert used(np.zeros((4, 3), np.float32), 0) == 0
