"""Pictures in other ways."""

from __future__ import annotations

import numpy as np
import pytest

from onnxprune.calibration import Data
from onnxprune.errors import InputError
from onnxprune.recovery.augment import CHANGES, augmented, check, pictures
from onnxprune.recovery.batches import Batches

PICTURES = np.random.default_rng(0).standard_normal((64, 3, 16, 8)).astype(np.float32)
CALL = {"x": PICTURES, "mask": np.ones((64, 4), np.float32)}
DATA = Data("pictures", "", (64,), lambda _: CALL, {"x": 0, "mask": 0})


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_only_pictures_change_and_stay_of_their_kind(name: str) -> None:
    made = augmented(CALL, [name], pictures(DATA, [name]), np.random.default_rng(0))
    assert made["x"].shape == PICTURES.shape and made["x"].dtype == np.float32
    assert not np.array_equal(made["x"], PICTURES) and made["mask"] is CALL["mask"]


def test_every_second_one_is_mirrored() -> None:
    made = CHANGES["flip"](PICTURES, np.random.default_rng(0))
    same = (made == PICTURES).all(axis=(1, 2, 3))
    turned = (made == PICTURES[..., ::-1]).all(axis=(1, 2, 3))
    assert (same ^ turned).all() and 16 < turned.sum() < 48


def test_moved_by_an_eighth_at_most() -> None:
    """Columns hold their own number: what is in the middle is off by at most one column, and by two rows."""
    rows, columns = np.mgrid[0:16, 0:8].astype(np.float32)
    made = CHANGES["shift"](np.broadcast_to(np.stack([rows, columns, rows]), (64, 3, 16, 8)), np.random.default_rng(0))
    assert {int(v) for v in made[:, 0, 8, 4] - 8} == {-2, -1, 0, 1, 2}
    assert {int(v) for v in made[:, 1, 8, 4] - 4} == {-1, 0, 1}


def test_two_in_one() -> None:
    flat = np.broadcast_to(np.arange(64, dtype=np.float32)[:, None, None, None], PICTURES.shape)
    made = CHANGES["mix"](flat, np.random.default_rng(0))
    assert made.min() >= 0 and made.max() <= 63 and (made == made[:, :1, :1, :1]).all()
    assert len(np.unique(made)) == 64


def test_steps_are_changed_in_ways_of_their_own() -> None:
    first, second, again = (
        next(Batches(DATA, 64, seed=seed, augment=("flip",)).forever())[0]["x"] for seed in (1, 2, 1)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, second)


def test_refusals() -> None:
    with pytest.raises(InputError, match="no augmentation 'turn'; there are flip, shift, mix"):
        check(("turn",))
    texts = Data("texts", "", (1,), lambda _: {"ids": np.zeros((1, 4), np.int64)})
    with pytest.raises(InputError, match="nothing to flip: no input is pictures"):
        pictures(texts, ["flip"])
    assert pictures(texts, []) == []
