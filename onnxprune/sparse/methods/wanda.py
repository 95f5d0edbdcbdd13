"""Weights that say little go: small ones, and those on what varies little."""

from __future__ import annotations

import numpy as np

from onnxprune.sparse.registry import sparsifier
from onnxprune.sparse.task import Task


@sparsifier("wanda")
def wanda(task: Task) -> np.ndarray:
    """Squares times the mean square of what they are on, every output alike (Sun et al. 2024, Wanda)."""
    scores = np.square(task.target) * task.variance
    return np.where(task.mask(scores, by_rows=True), task.target, 0)
