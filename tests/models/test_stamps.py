"""Stamps: cut-outs become squares on white, and no picture is both for tests and for calibration."""

import io

import numpy as np
from PIL import Image

from models.stamp_classes import CLASSES
from models.stamps import MARGIN, OTHERS, SIDE, chosen, square


def test_a_cut_out_lies_in_the_middle_on_white() -> None:
    stamp = np.zeros((40, 80, 4), np.uint8)
    stamp[..., 0] = 200
    stamp[:, 40:, 3] = 255
    sink = io.BytesIO()
    Image.fromarray(stamp).save(sink, "PNG")
    found = square(sink.getvalue())
    assert found.shape == (SIDE, SIDE, 3)
    shown = np.argwhere((found == (200, 0, 0)).all(2))
    assert shown.max(0)[1] == SIDE - MARGIN - 1
    assert abs(shown.mean(0)[0] - (SIDE - 1) / 2) < 1
    assert (found[:, : SIDE // 2 - 4] == 255).all()


def test_calibration_has_no_labelled_picture() -> None:
    names = [*CLASSES, *(f"other/{index}" for index in range(3 * OTHERS))]
    labelled, others = chosen(names)
    assert labelled == sorted(CLASSES)
    assert len(set(others) - set(CLASSES)) == OTHERS


def test_classes_are_of_the_thousand() -> None:
    assert len(CLASSES) == 74
    assert all(0 <= number < 1000 for number in CLASSES.values())
    assert not [name for name in CLASSES if "cartoon" in name]
