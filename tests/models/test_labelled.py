"""Data sets of labelled pictures: how their files are read, on made-up ones, and what becomes of the pictures."""

import io

import numpy as np
import pytest
from PIL import Image

from models import cifar, fashion
from models.labelled import BATCH, calls, crops
from models.metrics import accuracy
from models.recipe import Array, Feeds


def test_each_row_of_a_sheet_is_a_picture() -> None:
    rows = np.random.default_rng(0).integers(0, 256, (3, 1024, 3), np.uint8)
    sink = io.BytesIO()
    Image.fromarray(rows).save(sink, "PNG")
    found = cifar.pictures([sink.getvalue(), sink.getvalue()])
    assert found.shape == (6, 32, 32, 3)
    assert np.array_equal(found[1, 2, 5], rows[1, 2 * 32 + 5])
    assert np.array_equal(found[4], found[1])


def test_colours_are_scaled_by_channel() -> None:
    image = np.zeros((1, 32, 32, 3), np.uint8)
    image[..., 2] = 255
    found = cifar.scaled(image)
    assert found.shape == (1, 3, 32, 32)
    assert found.dtype == np.float32
    assert found[0, 0, 3, 4] == pytest.approx(-0.4914 / 0.247)
    assert found[0, 2, 3, 4] == pytest.approx((1 - 0.4465) / 0.2616)


def test_idx_is_lengths_and_then_values() -> None:
    content = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
    assert fashion.idx(content).tolist() == [[1, 2, 3], [4, 5, 6]]
    with pytest.raises(ValueError, match="not an idx file"):
        fashion.idx(b"\0\0\x0d\1")


def test_greys_are_scaled() -> None:
    found = fashion.scaled(np.full((2, 28, 28), 255, np.uint8))
    assert found.shape == (2, 1, 28, 28)
    assert found.dtype == np.float32
    assert found[0, 0, 0, 0] == pytest.approx((1 - 0.286) / 0.353)


@pytest.mark.parametrize("colours", [(), (3,)])
def test_crops_are_squares_of_the_picture_or_its_mirror(colours: tuple[int, ...]) -> None:
    image = np.arange(64, dtype=np.uint8).reshape(1, 8, 8)
    images = np.broadcast_to(image.reshape(1, 8, 8, *([1] * len(colours))), (40, 8, 8, *colours))
    found = crops(images, 0, 5, np.random.default_rng(0))
    assert found.shape == (40, 5, 5, *colours)
    steps = np.diff(found.reshape(40, 5, 5, -1)[..., 0].astype(int), axis=2)
    assert set(np.unique(steps)) == {-1, 1}
    assert all(len(np.unique(step)) == 1 for step in steps)
    assert len(np.unique(found.reshape(40, -1), axis=0)) > 10


def test_crops_reach_into_the_margin() -> None:
    images = np.arange(16, dtype=np.uint8).reshape(1, 4, 4).repeat(50, 0)
    found = crops(images, 2, 4, np.random.default_rng(0))
    assert found.shape == (50, 4, 4)
    assert {8, 9} & set(found[:, 0, 0].tolist())


def test_calls_are_of_these_pictures() -> None:
    images = np.arange(10, dtype=np.uint8).reshape(10, 1, 1)
    found = calls("image", images, lambda chosen: 2 * chosen, 3, seed=0)
    assert [list(call) for call in found] == [["image"]] * 3
    assert found[0]["image"].shape == (BATCH, 1, 1)
    assert set(np.concatenate([call["image"] for call in found]).ravel()) <= set(range(0, 20, 2))


def test_accuracy_by_hand_in_batches() -> None:
    def identity(feeds: Feeds) -> list[Array]:
        return [np.eye(4)[feeds["x"]]]

    assert accuracy(identity, "x", np.array([0, 1, 2, 3]), np.array([0, 1, 2, 0]), batch=3) == 0.75
    assert accuracy(identity, "x", np.array([[0, 1], [2, 3]]), np.array([[0, 0], [2, 3]]), batch=1) == 0.75
