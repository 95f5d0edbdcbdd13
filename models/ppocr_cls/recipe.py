"""Is a line of text upside down? MobileNetV3-small, 48 x 192 pixels, two classes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.packages import PackagedFile
from models.pictures import HALF, noisy, normalized, phrase, resize, text_line
from models.recipe import Array, Feeds, Run, rng

FILE = PackagedFile(
    "rapidocr-onnxruntime==1.4.4",
    "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
    "e47acedf663230f8863ff1ab0e64dd2d82b838fceb5957146dab185a89d6215c",
)


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("ppocr_cls")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of one line each: x [1, 3, 48, 192]."""
    return [{"x": picture} for picture, _ in _lines(n, seed)]


def score(run: Run, n: int) -> float:
    """Accuracy on n lines, every second one turned by 180 degrees."""
    hits = [int(run({"x": picture})[0].argmax()) == flipped for picture, flipped in _lines(n, seed=1)]
    return float(np.mean(hits))


def _lines(n: int, seed: int) -> Iterator[tuple[Array, int]]:
    random = rng(seed)
    for index in range(n):
        line = text_line(phrase(random, 2), size=32)
        width = min(192, line.shape[1] * 48 // line.shape[0])
        upright = noisy(resize(line, 48, width), random)
        picture = np.zeros((1, 3, 48, 192), np.float32)
        picture[..., :width] = normalized(np.rot90(upright, 2 * (index % 2)), HALF, HALF)
        yield picture, index % 2
