"""Crops as a face detector's stages see them: NHWC, scaled to -1 to 1."""

import numpy as np

from models.recipe import Array, rng


def crops(n: int, seed: int, side: int) -> list[Array]:
    """n batches of four crops [4, side, side, 3] float32: every second one a drawn face."""
    random = rng(seed)
    return [np.stack([_crop(random, side, face=index % 2 == 0) for index in range(4)]) for _ in range(n)]


def _crop(random: np.random.Generator, side: int, face: bool) -> Array:
    y, x = np.mgrid[:side, :side] / side - 0.5
    picture = random.uniform(0, 255, 3) * (1 + 0.4 * random.normal() * x)[..., None]
    if face:
        x, y = x + random.normal(0, 0.03), y + random.normal(0, 0.03)
        _paint(picture, x, y, (0.0, 0.0, 0.32, 0.44), random.uniform(0.6, 1.1) * np.array([225, 180, 150]))
        for spot in ((-0.13, -0.1, 0.06, 0.03), (0.13, -0.1, 0.06, 0.03), (0.0, 0.22, 0.13, 0.04)):
            _paint(picture, x, y, spot, random.uniform(20, 80, 3))
    noisy = picture + random.normal(0, 6, picture.shape)
    return np.asarray((noisy.clip(0, 255) - 127.5) / 128, np.float32)


def _paint(picture: Array, x: Array, y: Array, oval: tuple[float, ...], colour: Array) -> None:
    """Fill an oval (centre x, y, radius x, y, in parts of the side) with one colour, in place."""
    cx, cy, rx, ry = oval
    picture[((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1] = colour
