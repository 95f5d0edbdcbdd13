"""Small weights go."""

from __future__ import annotations

import numpy as np

from onnxprune.sparse.registry import sparsifier
from onnxprune.sparse.task import Task


@sparsifier("magnitude", looks=False)
def magnitude(task: Task) -> np.ndarray:
    """The blocks of the smallest squares go (Han et al. 2015, "Learning both Weights and Connections")."""
    return np.where(task.mask(np.square(task.target)), task.target, 0)
