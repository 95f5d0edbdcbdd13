"""What is in a small picture: a residual network trained here on CIFAR-10, ten classes."""

from pathlib import Path

from models import cifar
from models.labelled import calls
from models.making import made
from models.metrics import accuracy
from models.recipe import Feeds, Run

VERSION = 1


def obtain() -> Path:
    """Path of the ONNX file."""
    return made("resnet_cifar", VERSION)


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of 32 training pictures each: image [32, 3, 32, 32]."""
    return calls("image", cifar.train()[0], cifar.scaled, n, seed)


def score(run: Run, n: int) -> float:
    """Accuracy on the first n of the 10,000 test pictures."""
    images, classes = cifar.test()
    return accuracy(run, "image", cifar.scaled(images[:n]), classes[:n])
