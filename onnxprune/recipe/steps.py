"""What stages do, as types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from onnxprune.calibration import Quantisation
from onnxprune.pruning import Inputs, Options
from onnxprune.recovery import Training

TO_TRAIN = 16384
"""Samples to train on, where the recipe doesn't say."""


@dataclass(frozen=True, slots=True)
class Prune:
    """Units go, or zeros come."""

    options: Options

    @property
    def inputs(self) -> Inputs:
        """The data that it looks at."""
        one = self.options
        samples = max(one.samples, one.recover_samples) if one.recover or one.masks else one.samples
        return Inputs(one.calibration, samples, one.preprocess, one.data, labels=one.labels)


@dataclass(frozen=True, slots=True)
class Recover:
    """Weights are trained towards the dense model."""

    training: Training
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class Quantise:
    """Weights and activations become whole numbers. seed: of data that are made up"""

    setting: Quantisation
    inputs: Inputs
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """A stage as asked for. kind: as the recipe calls it; settings: what the recipe says of it, defaults of all stages
    included, with paths as they are written there"""

    kind: str
    settings: Mapping[str, Any]
    work: Prune | Recover | Quantise

    @property
    def seed(self) -> int:
        """Of what is made up for it."""
        work = self.work
        if isinstance(work, Quantise):
            return work.seed
        return work.options.seed if isinstance(work, Prune) else work.training.seed
