"""What piece of clothing is in a small picture: a vision transformer trained here on Fashion-MNIST, ten classes."""

from pathlib import Path

from models import fashion
from models.labelled import calls
from models.making import made
from models.metrics import accuracy
from models.recipe import Feeds, Run

VERSION = 1


def obtain() -> Path:
    """Path of the ONNX file."""
    return made("vit_fashion", VERSION)


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of 32 training pictures each: image [32, 1, 28, 28]."""
    return calls("image", fashion.train()[0], fashion.scaled, n, seed)


def score(run: Run, n: int) -> float:
    """Accuracy on the first n of the 10,000 test pictures."""
    images, classes = fashion.test()
    return accuracy(run, "image", fashion.scaled(images[:n]), classes[:n])
