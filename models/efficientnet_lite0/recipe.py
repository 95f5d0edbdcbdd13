"""What is in a picture: EfficientNet-Lite0, 224 x 224 pixels, the 1000 classes of ImageNet, exported here."""

from pathlib import Path

import numpy as np

from models import stamps
from models.labelled import calls
from models.making import made
from models.metrics import accuracy
from models.pictures import HALF, normalized
from models.recipe import Array, Feeds, Run

VERSION = 1


def obtain() -> Path:
    """Path of the ONNX file."""
    return made("efficientnet_lite0", VERSION)


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of eight stamps each that no score is about: image [8, 3, 224, 224]."""
    return calls("image", stamps.others(), scaled, n, seed, batch=8)


def score(run: Run, n: int) -> float:
    """Top-1 accuracy on n of 148 pictures: 74 stamps of a known class, and the same mirrored."""
    images, classes = stamps.labelled()
    images, classes = np.concatenate([images, images[:, :, ::-1]])[:n], np.concatenate([classes, classes])[:n]
    return accuracy(run, "image", scaled(images), classes, batch=25)


def scaled(images: Array) -> Array:
    """uint8 [n, y, x, 3] -> float32 [n, 3, y, x], -1 to 1."""
    return np.concatenate([normalized(image, HALF, HALF) for image in images])
