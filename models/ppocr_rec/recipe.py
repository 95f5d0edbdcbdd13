"""What a line of text says: PP-OCRv4, 48 pixels high, CTC over 6625 signs."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.packages import PackagedFile
from models.pictures import HALF, noisy, normalized, phrase, resize, text_line
from models.recipe import Array, Feeds, Run, rng

FILE = PackagedFile(
    "rapidocr-onnxruntime==1.4.4",
    "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
    "48fc40f24f6d2a207a2b1091d3437eb3cc3eb6b676dc3ef9c37384005483683b",
)
WIDTH = 320


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("ppocr_rec")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of one word each: x [1, 3, 48, 320]."""
    return [{"x": picture} for picture, _ in _words(n, seed)]


def score(run: Run, n: int) -> float:
    """Share of n rendered words and numbers that are read without a mistake."""
    signs = _signs()
    hits = [decode(run({"x": picture})[0][0], signs) == word for picture, word in _words(n, seed=1)]
    return float(np.mean(hits))


def decode(scores: Array, signs: list[str]) -> str:
    """Greedy CTC: [steps, len(signs)] -> text. Sign 0 is the blank; a repeated sign counts once."""
    best = scores.argmax(axis=1)
    fresh = np.concatenate(([True], best[1:] != best[:-1])) & (best > 0)
    return "".join(signs[sign] for sign in best[fresh]).strip()


def _signs() -> list[str]:
    """The blank, the signs that the model's metadata lists, and the space."""
    import onnx

    metadata = {entry.key: entry.value for entry in onnx.load(obtain()).metadata_props}
    return ["", *metadata["character"].split("\n"), " "]


def _words(n: int, seed: int) -> Iterator[tuple[Array, str]]:
    random = rng(seed)
    for _ in range(n):
        word = phrase(random, 1)
        line = text_line(word, size=36)
        width = min(WIDTH, line.shape[1] * 48 // line.shape[0])
        picture = np.zeros((1, 3, 48, WIDTH), np.float32)
        picture[..., :width] = normalized(noisy(resize(line, 48, width), random), HALF, HALF)
        yield picture, word
