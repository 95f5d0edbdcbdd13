"""What a layer makes of the covariance of what it reads: the arithmetic that errors of removal are told by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from onnxprune.calibration import Activation, Layer

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Gram:
    """One group of a layer's channels. at: its columns among all; gram: [columns, columns], of the weights over outputs
    and taps; covariance: [columns, columns], of what is read"""

    at: slice
    gram: Array
    covariance: Array

    @property
    def made(self) -> float:
        """The variance of what is made, summed over outputs; what taps read is taken to vary independently."""
        return float(np.sum(self.gram * self.covariance))


def grams(layer: Layer, seen: Activation) -> Iterator[Gram]:
    """One for every group of the layer's channels."""
    weight = np.asarray(layer.weight(), np.float64)  # [groups, outputs, columns, taps]
    columns = weight.shape[2]
    for number, part in enumerate(weight):
        at = slice(number * columns, (number + 1) * columns)
        rows = part.transpose(0, 2, 1).reshape(-1, columns)
        yield Gram(at, rows.T @ rows, seen.covariance[at, at])
