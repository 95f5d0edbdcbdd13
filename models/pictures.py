"""Pictures made on the spot: lines of text, pages, and the numbers that image models eat.

Pillow is imported inside the functions that draw, so that a model can be obtained without it. Its own
built-in font is used: the same on every machine.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.recipe import Array
from models.words import WORDS

Gray = NDArray[np.uint8]
"""[height, width], 0 black to 255 white."""
Box = tuple[int, int, int, int]
"""Top, left, bottom, right; the last two are not in it."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
HALF = (0.5, 0.5, 0.5)


@cache
def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size)


def text_line(text: str, size: int, ink: int = 0, paper: int = 255, margin: int = 6) -> Gray:
    """One line of black text on white (or of other shades), letters `size` pixels high."""
    from PIL import Image, ImageDraw

    left, top, right, bottom = _font(size).getbbox(text)
    width, height = int(right - left) + 2 * margin, int(bottom - top) + 2 * margin
    image = Image.new("L", (width, height), paper)
    ImageDraw.Draw(image).text((margin - left, margin - top), text, font=_font(size), fill=ink)
    return np.asarray(image)


def resize(picture: Gray, height: int, width: int) -> Gray:
    """The picture at another size, by bilinear interpolation."""
    from PIL import Image

    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))


def phrase(random: np.random.Generator, words: int) -> str:
    """Some common words, one in four a number."""
    parts = [str(random.integers(10, 9999)) if random.random() < 0.25 else _word(random) for _ in range(words)]
    return " ".join(parts)


def _word(random: np.random.Generator) -> str:
    word = WORDS[random.integers(len(WORDS))]
    return word.capitalize() if random.random() < 0.3 else word


def page(random: np.random.Generator, height: int, width: int) -> tuple[Gray, list[Box]]:
    """A page of left-aligned paragraphs, and the boxes of its lines of text."""
    sheet = np.full((height, width), 255, np.uint8)
    boxes = []
    size = int(random.integers(12, 20))
    left, y = int(random.integers(10, 24)), int(random.integers(8, 24))
    while y + 2 * size < height:
        line = text_line(phrase(random, int(random.integers(2, 6))), size, ink=int(random.integers(0, 80)), margin=1)
        line = line[: height - y, : width - left - 8]
        box = (y, left, y + line.shape[0], left + line.shape[1])
        sheet[box[0] : box[2], box[1] : box[3]] = line
        boxes.append(box)
        y = box[2] + int(size * (0.4 if random.random() < 0.7 else 1.4))
    return sheet, boxes


def noisy(picture: Gray, random: np.random.Generator, deviation: float = 8.0) -> Gray:
    """The picture with Gaussian noise, as a camera adds it; deviation in grey levels."""
    noise = random.normal(0.0, deviation, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def normalized(picture: Gray, mean: tuple[float, ...] = IMAGENET_MEAN, std: tuple[float, ...] = IMAGENET_STD) -> Array:
    """[h, w] or [h, w, 3] in 0 to 255 -> float32 [1, 3, h, w], (picture / 255 - mean) / std by channel."""
    colours = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, axis=2)
    scaled = (colours / 255.0 - np.array(mean)) / np.array(std)
    return np.asarray(scaled.transpose(2, 0, 1)[None], np.float32)
