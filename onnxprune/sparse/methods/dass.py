"""Of gated linear units, what the gate makes of a unit, in place of what its weights are on.

Guo, Kamigaito and Watanabe 2024, "Dependency-Aware Semi-Structured Sparsity of GLU Variants in Large Language Models".
The power and what competes are those of the authors' code. They have n of every m neighbouring outputs of an input in
these layers; n:m here is along inputs, where a factor of the output decides nothing: the largest of every m stay. They
see a unit with the layers before its block pruned, here the dense model is seen.
"""

from __future__ import annotations

import numpy as np

from onnxprune.sparse.methods.wanda import wanda
from onnxprune.sparse.registry import sparsifier
from onnxprune.sparse.task import Task

POWER = 0.5
"""Of the norm of what a unit becomes."""


@sparsifier("dass", gates=True)
def dass(task: Task) -> np.ndarray:
    """Magnitudes times the root of the norm of what a gate makes of the output, each input alike (Guo et al. 2024).

    For layers in front of a gate; others as `wanda`.
    """
    behind = task.known.behind
    if behind is None:
        return wanda(task)
    scores = np.square(task.target) * (np.maximum(behind, 0) ** POWER)[:, None]
    return np.where(task.mask(scores, by_columns=True), task.target, 0)
