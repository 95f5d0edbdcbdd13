"""What data sets of labelled pictures have in common: pictures as bytes, [n, y, x] or [n, y, x, colours]."""

from collections.abc import Callable

import numpy as np

from models.recipe import Array, Feeds, rng

BATCH = 32
"""Small pictures in a call."""


def calls(
    name: str, images: Array, scaled: Callable[[Array], Array], n: int, seed: int, batch: int = BATCH
) -> list[Feeds]:
    """n calls of so many of the pictures each."""
    chosen = rng(seed).choice(len(images), (n, batch))
    return [{name: scaled(images[index])} for index in chosen]


def crops(images: Array, margin: int, side: int, random: np.random.Generator) -> Array:
    """A square out of each picture, which a margin of its own reflection surrounds; every second one mirrored."""
    frame = [(0, 0), (margin, margin), (margin, margin), (0, 0)][: images.ndim]
    padded = np.pad(images, frame, mode="reflect")
    count, room = len(images), images.shape[1] + 2 * margin - side + 1
    top, left = random.integers(0, room, (2, count, 1))
    across = np.where(random.random((count, 1)) < 0.5, np.arange(side), np.arange(side)[::-1])
    rows, columns = top + np.arange(side), left + across
    found: Array = padded[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return found
