"""Where the text is: PP-OCRv4, a feature pyramid with a map of text pixels (DB)."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.metrics import iou
from models.packages import PackagedFile
from models.pictures import HALF, Box, noisy, normalized, page
from models.recipe import Array, Feeds, Run, rng

FILE = PackagedFile(
    "rapidocr-onnxruntime==1.4.4",
    "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx",
    "d2a7720d45a54257208b1e13e36a8479894cb74155a5efe29462512d42f49da9",
)
Mask = NDArray[np.bool_]


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("ppocr_det")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of one page each: x [1, 3, 320, 320]."""
    return [{"x": picture} for picture, _ in _pages(n, seed)]


def score(run: Run, n: int) -> float:
    """Mean intersection over union of the map above 0.3 with the cores of the lines, over n pages."""
    found = ((run({"x": picture})[0][0, 0] > 0.3, truth) for picture, truth in _pages(n, seed=1))
    return float(np.mean([iou(*masks) for masks in found]))


def core(box: Box) -> Box:
    """The part of a line's box that the network marks: a third of the height is left out on every side.

    (DB, Liao et al., AAAI 2020, trains on shrunken boxes so that close lines stay apart.)
    """
    top, left, bottom, right = box
    rim = round((bottom - top) / 3)
    return top + rim, left + rim, bottom - rim, right - rim


def _pages(n: int, seed: int) -> Iterator[tuple[Array, Mask]]:
    random = rng(seed)
    for _ in range(n):
        sheet, boxes = page(random, 320, 320)
        truth = np.zeros(sheet.shape, np.bool_)
        for top, left, bottom, right in map(core, boxes):
            truth[top:bottom, left:right] = True
        yield normalized(noisy(sheet, random), HALF, HALF), truth
