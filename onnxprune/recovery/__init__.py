"""Recovery: a pruned model learns to do what the dense one does, from unlabelled inputs. Needs the extra `torch`.

Importing this package imports no torch: that waits until something is trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from onnxprune.export.lazy import need
from onnxprune.progress import Progress
from onnxprune.recovery.effort import Effort
from onnxprune.recovery.match import Match
from onnxprune.recovery.outcome import Outcome, Point
from onnxprune.recovery.training import Training

if TYPE_CHECKING:
    from onnxprune.calibration import Data
    from onnxprune.graph import Model
    from onnxprune.recovery.recover import Recovered


def check(setting: Training) -> None:
    """Raise InputError where torch isn't installed, or names in a setting are unknown."""
    need("torch", "torch", "training")
    from onnxprune.recovery.augment import check as check_names
    from onnxprune.recovery.objective import Objective
    from onnxprune.recovery.student import check_mode

    Objective(setting.loss)
    check_names(setting.augment)
    check_mode(setting.mode)


def train(
    dense: Model,
    pruned: Model,
    data: tuple[Data, Data],
    setting: Training,
    tell: Progress,
    saved: tuple[Path, str] | None = None,
    matches: Sequence[Match] = (),
) -> Recovered:
    """Train a pruned model to give out what the dense one does; see `onnxprune.recovery.recover`.

    Raises InputError where torch isn't installed, and where models and data don't suit each other.
    """
    need("torch", "torch", "training")
    from onnxprune.recovery.recover import train as run

    return run(dense, pruned, data, setting, tell, saved, matches)


def invent(
    model: Model, like: Mapping[str, np.ndarray], axes: Mapping[str, int], seed: int, tell: Progress
) -> Data | None:
    """Inputs for a model that nobody has data for; None where it stores no statistics. See `.synthetic`."""
    need("torch", "torch", "training")
    from onnxprune.recovery.synthetic import invent as made

    return made(model, like, axes, seed, tell)


__all__ = ["Effort", "Match", "Outcome", "Point", "Training", "check", "invent", "train"]
