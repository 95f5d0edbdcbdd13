"""What a recipe is, and how to get one by name."""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Feeds = dict[str, Array]
"""One call's inputs by name."""
Run = Callable[[Feeds], Sequence[Array]]
"""Runs a model: all its outputs, in the model's order."""

HOME = Path(__file__).parent


@dataclass(frozen=True)
class Gate:
    """How good the dense model is by its recipe's score, and how much of that a smaller one may lose."""

    name: str
    metric: str
    dense: float
    samples: int
    allowed_loss: float


@dataclass(frozen=True)
class Recipe:
    """A reference model."""

    name: str
    obtain: Callable[[], Path]
    """Path of the ONNX file, fetched at first use."""
    inputs: Callable[[int, int], list[Feeds]]
    """(n, seed) -> n realistic calls."""
    score: Callable[[Run, int], float]
    """(run, n) -> the gate's metric over n samples, the same samples each time."""
    gate: Gate


def names() -> list[str]:
    """Every recipe's name, in order."""
    return sorted(path.parent.name for path in HOME.glob("*/recipe.py"))


def load(name: str) -> Recipe:
    """The recipe of that name. Raises KeyError for an unknown one."""
    if name not in names():
        raise KeyError(f"no recipe {name!r}: there are {', '.join(names())}")
    module = import_module(f"models.{name}.recipe")
    gate = Gate(**tomllib.loads((HOME / name / "gate.toml").read_text(encoding="utf-8")))
    return Recipe(name, module.obtain, module.inputs, module.score, gate)


def rng(seed: int) -> np.random.Generator:
    """The generator behind every recipe's data."""
    return np.random.default_rng(seed)
