"""What character comes next: as gpt_austen, with gated linear units."""

from pathlib import Path

from models import austen
from models.making import made
from models.metrics import accuracy
from models.recipe import Feeds, Run

VERSION = 1


def obtain() -> Path:
    """Path of the ONNX file."""
    return made("glu_austen", VERSION)


def inputs(n: int, seed: int = 0) -> list[Feeds]:
    """n calls of eight windows of the training text: signs [8, 128]."""
    return austen.calls("signs", n, seed)


def score(run: Run, n: int) -> float:
    """How often the likeliest next character is the right one, over n windows of 128 of a novel never trained on."""
    found = austen.held_out(n)
    return accuracy(run, "signs", found[:, :-1], found[:, 1:])
