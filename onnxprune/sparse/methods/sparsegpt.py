"""The optimal brain surgeon, column after column: what goes is made up for by the columns behind it.

Frantar and Alistarh 2023, "SparseGPT: Massive Language Models Can Be Accurately Pruned in One-Shot". Row j of the upper
Cholesky factor of the inverse covariance says how the columns behind j best make up for an error in j, with all columns
before it fixed; the square of its diagonal is the variance that column j then still has of its own, inverted. Which
weights go is decided 128 columns at a time on what the updates so far made of them. Unlike there, a portion of columns
need not lose the same share of its weights: those of all columns that are left compete.
"""

from __future__ import annotations

import numpy as np

from onnxprune.sparse.pattern import Pattern, largest
from onnxprune.sparse.registry import sparsifier
from onnxprune.sparse.task import Task

Array = np.ndarray

COLUMNS = 128
"""Decided on together, a multiple of the pattern's inputs."""


@sparsifier("sparsegpt")
def sparsegpt(task: Task) -> np.ndarray:
    """The optimal brain surgeon, column after column (Frantar and Alistarh 2023, SparseGPT)."""
    weight = np.array(task.target, np.float32)
    factor = inverse_factor(task.damped)
    step = max(COLUMNS // task.pattern.inputs, 1) * task.pattern.inputs
    room = _room(task)
    for start in range(0, weight.shape[1], step):
        stop = min(start + step, weight.shape[1])
        scores = np.square(weight[:, start:]) / np.square(np.diagonal(factor)[start:])
        stays, room = _decided(task.pattern, scores, stop - start, room)
        errors = _columns(weight[:, start:stop], stays, factor[start:stop, start:stop])
        weight[:, stop:] -= errors @ factor[start:stop, stop:]
    return weight


def inverse_factor(gram: Array) -> Array:
    """The upper Cholesky factor U of the inverse: U'U G = 1, float32 [inputs, inputs]."""
    from scipy import linalg  # takes longer to import than most of what doesn't need it takes to run

    lower = linalg.cholesky(gram[::-1, ::-1], lower=True, check_finite=False)
    # With rows and columns reversed G = L L', so G = R R' with R upper, and the inverse is (1/R)' (1/R), 1/R upper.
    reversed_ = linalg.solve_triangular(lower, np.eye(len(gram)), lower=True, check_finite=False)
    return np.ascontiguousarray(reversed_[::-1, ::-1]).astype(np.float32)


def _room(task: Task) -> int:
    """How many blocks are to stay."""
    blocks = task.pattern.summed(np.zeros(task.target.shape, bool)).size
    return blocks - round(task.sparsity * blocks)


def _decided(pattern: Pattern, scores: Array, width: int, room: int) -> tuple[Array, int]:
    """What stays of the first `width` columns, where of all of them `room` blocks may; and the room that is left."""
    if pattern.kept:
        return pattern.mask(scores[:, :width], 0), room
    blocks = pattern.summed(scores)
    stays = largest(blocks.reshape(1, -1), room).reshape(blocks.shape)[:, : -(-width // pattern.inputs)]
    return pattern.spread(stays, (len(scores), width)), room - int(stays.sum())


def _columns(weight: Array, stays: Array, factor: Array) -> Array:
    """Zero what doesn't stay, in place, the columns behind making up for it; returns the errors [outputs, columns]."""
    errors = np.zeros_like(weight)
    for column in range(weight.shape[1]):
        errors[:, column] = np.where(stays[:, column], 0, weight[:, column] / factor[column, column])
        weight[:, column:] -= errors[:, column, None] * factor[column, column:]
        weight[~stays[:, column], column] = 0
    return errors
