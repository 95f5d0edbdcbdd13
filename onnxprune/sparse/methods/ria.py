"""Weights that are small beside those of the same output and of the same input go."""

from __future__ import annotations

import numpy as np

from onnxprune.sparse.registry import sparsifier
from onnxprune.sparse.task import Task

POWER = 0.5
"""Of the norm of what a weight is on."""


@sparsifier("ria")
def ria(task: Task) -> np.ndarray:
    """Shares of a weight in its row and its column, times the root of its input's norm (Zhang et al. 2024, RIA)."""
    size = np.abs(task.target)
    rows, columns = (np.maximum(size.sum(axis=axis, keepdims=True), 1e-30) for axis in (1, 0))
    scores = (size / rows + size / columns) * np.sqrt(task.variance) ** POWER
    return np.where(task.mask(scores), task.target, 0)
