"""A weight as a sparse core between two block-diagonal matrices, by block coordinate descent.

Liu et al. 2025, "ARMOR: High-Performance Semi-Structured Pruning via Adaptive Matrix Factorization": W becomes
A (W' o M) B with a 2:4 mask M, and A, B block-diagonal; it starts from A = B = I and a pruned weight, and goes in turns
between what is continuous and the places of the core, group by group of all masks there are by least squares. The paper
measures errors by the variances of what is read (the proxy of NoWag) and steps with Adam; here, as everywhere in this
room, by all of the covariance, so A is solved for exactly and B and W' by conjugate gradients. What doesn't lower the
loss is not taken, so no layer is worse than the pruned weight that it began with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from onnxprune.sparse.reselect import moved
from onnxprune.sparse.task import Task, loss_of

Array = np.ndarray

ROUNDS, FEWEST = 40, 8
"""Of the descent, for small weights and for large ones."""

WORK, A_ROUND = 2e11, 25
"""Multiplications that more than the fewest rounds may take, and those of a round for outputs times inputs squared."""

STEPS = 5
"""Of conjugate gradients, for one factor in a round."""

ENOUGH = 1e-3
"""A round that lowers the loss by less than this share is the last."""

RIDGE = 1e-9
"""Of the normal equations of A, as a fraction of their mean diagonal."""

STRIDE, FASTER = 1.0, 1.5
"""How far behind a round it is looked, in lengths of that round, and by what that grows each time it helps."""

FIRST, LEAST = 0.3, 0.005
"""Share of the groups that would gain whose places change at once, to begin with and at the least."""


@dataclass(frozen=True, slots=True)
class Factors:
    """core: [outputs, inputs], with zeros; outer: the blocks of the matrix behind it [outputs / d, d, d], inner: of the
    one in front of it [inputs / d, d, d]; None for the identity"""

    core: Array
    outer: Array | None = None
    inner: Array | None = None

    @property
    def weight(self) -> Array:
        """Their product [outputs, inputs]."""
        return left(self.outer, right(self.core, self.inner))

    def rounded(self) -> Factors:
        """As float32 has them."""
        return Factors(_rounded(self.core), _some(self.outer, _rounded), _some(self.inner, _rounded))


def descend(task: Task, start: Array, outer: int, inner: int) -> Factors:
    """Factors of a loss that is no greater than that of `start`, whose places of zeros may change within the pattern.

    start: [outputs, inputs]; outer, inner: sizes of the blocks behind and in front, divisors of outputs and of inputs;
    0 for none. Where nothing is gained, both are None.
    """
    scale = np.sqrt(task.variance)
    target, gram = task.target * scale, task.damped / scale / scale[:, None]
    found = _Descent(target, gram, task).run(start * scale, outer, inner)
    if found is None:
        return Factors(start)
    made = _unscaled(found, scale)
    return made if task.loss(made.rounded().weight) < task.loss(start) else Factors(start)


def left(blocks: Array | None, matrix: Array) -> Array:
    """A block-diagonal matrix [groups, d, d] times a matrix."""
    if blocks is None:
        return matrix
    groups, size, _ = blocks.shape
    return np.asarray(blocks @ matrix.reshape(groups, size, -1)).reshape(matrix.shape)


def right(matrix: Array, blocks: Array | None) -> Array:
    """A matrix times a block-diagonal one."""
    return matrix if blocks is None else left(blocks.swapaxes(1, 2), matrix.T).T


def _unscaled(found: Factors, scale: Array) -> Factors:
    """In the sizes that inputs have."""
    if found.inner is None:
        return replace(found, core=found.core / scale)
    rows = scale.reshape(len(found.inner), -1)
    return Factors(found.core / scale, found.outer, found.inner * rows[:, :, None] / rows[:, None, :])


class _Descent:
    """target, gram: in unit variances."""

    def __init__(self, target: Array, gram: Array, task: Task) -> None:
        self.target, self.gram, self.task = target, gram, task
        self.small = gram.astype(np.float32)
        self.share = FIRST

    def run(self, start: Array, outer: int, inner: int) -> Factors | None:
        (outputs, inputs), turns = start.shape, [self.core]
        if not outer and not inner:
            return None
        found, loss = Factors(start, _identity(outputs, outer), _identity(inputs, inner)), self.loss(start)
        turns = [*([self.outer] if outer else []), *([self.inner] if inner else []), self.core, self.places]
        stride = STRIDE
        for _ in range(int(min(ROUNDS, max(FEWEST, WORK / (A_ROUND * outputs * inputs**2))))):
            before, last = loss, found
            for turn in turns:
                found, loss = self.better(found, loss, turn(found))
            further, lower = self.better(found, loss, _further(last, found, stride))
            stride = STRIDE if further is found else stride * FASTER
            found, loss = further, lower
            if loss >= before * (1 - ENOUGH):
                break
        return replace(found, outer=_telling(found.outer), inner=_telling(found.inner))

    def loss(self, weight: Array) -> float:
        return loss_of(weight, self.target, self.gram)

    def better(self, found: Factors, loss: float, other: Factors) -> tuple[Factors, float]:
        """The one of less loss; what is no number never is."""
        tried = self.loss(other.weight) if other is not found else loss
        return (other, tried) if tried < loss else (found, loss)

    def outer(self, found: Factors) -> Factors:
        """The best matrix behind, block by block."""
        assert found.outer is not None
        groups, size, _ = found.outer.shape
        rows = right(found.core, found.inner)
        pulled = (rows @ self.gram).reshape(groups, size, -1)
        normal = pulled @ rows.reshape(groups, size, -1).swapaxes(1, 2)
        level = np.trace(normal, axis1=1, axis2=2)[:, None, None] / size
        sound = np.where(level > 0, normal + RIDGE * level * np.eye(size), np.eye(size))
        wanted = pulled @ self.target.reshape(groups, size, -1).swapaxes(1, 2)
        made = np.linalg.solve(sound, wanted).swapaxes(1, 2)
        return replace(found, outer=np.where(level > 0, made, found.outer))

    def inner(self, found: Factors) -> Factors:
        """A better matrix in front."""
        assert found.inner is not None
        groups, size, _ = found.inner.shape
        behind = left(found.outer, found.core).astype(np.float32)
        turned = np.ascontiguousarray(behind.reshape(-1, groups, size).transpose(1, 2, 0))

        def gathered(error: Array) -> Array:  # the blocks of behind' error, on the diagonal
            return np.asarray(turned @ error.reshape(-1, groups, size).transpose(1, 0, 2))

        def applied(blocks: Array) -> Array:
            return gathered(right(behind, blocks) @ self.small)

        residue = gathered(((self.target - right(left(found.outer, found.core), found.inner)) @ self.gram).astype("f4"))
        ease = 1 / np.maximum(np.square(turned).sum(axis=2), 1e-30)[:, :, None]
        return replace(found, inner=found.inner + _conjugate(applied, residue, ease))

    def core(self, found: Factors) -> Factors:
        """A better core on its support."""
        support = found.core != 0
        front = _between(found.inner, self.gram).astype(np.float32)
        behind = None if found.outer is None else (found.outer.swapaxes(1, 2) @ found.outer).astype(np.float32)

        def applied(way: Array) -> Array:
            return np.where(support, left(behind, way) @ front, 0)

        high = _diagonal(behind, len(support))[:, None]
        ease = 1 / np.maximum(high * np.diagonal(front), 1e-30)
        residue = np.where(support, self.slope(found), 0).astype(np.float32)
        return replace(found, core=found.core + _conjugate(applied, residue, ease))

    def slope(self, found: Factors) -> Array:
        """Half of what the loss falls by for every number of the core."""
        error = (self.target - found.weight) @ self.gram
        turned = None if found.outer is None else found.outer.swapaxes(1, 2)
        return left(turned, right(error, None if found.inner is None else found.inner.swapaxes(1, 2)))

    def places(self, found: Factors) -> Factors:
        """The core on other places, where that loses less; fewer of them change after a turn that lost more."""
        front, high = _between(found.inner, self.gram), _diagonal(_square(found.outer), len(found.core))
        while self.share >= LEAST:
            core = moved(found.core, self.slope(found), high, front, self.task.pattern, self.share)
            if core is None:
                break
            tried = self.core(replace(found, core=core))
            if self.loss(tried.weight) < self.loss(found.weight):
                return tried
            self.share /= 2
        return found


def _further(last: Factors, found: Factors, stride: float) -> Factors:
    """On from where a round began, through where it ended; numbers of the core that came or went stay as they are."""
    stays = (last.core != 0) == (found.core != 0)

    def on(before: Array | None, now: Array | None) -> Array | None:
        return now if before is None or now is None else now + stride * (now - before)

    core = np.where(stays, found.core + stride * (found.core - last.core), found.core)
    return Factors(core, on(last.outer, found.outer), on(last.inner, found.inner))


def _identity(size: int, block: int) -> Array | None:
    return np.tile(np.eye(block), (size // block, 1, 1)) if block else None


def _rounded(values: Array) -> Array:
    return values.astype(np.float32).astype(np.float64)


def _some(values: Array | None, change: Callable[[Array], Array]) -> Array | None:
    return None if values is None else change(values)


def _telling(blocks: Array | None) -> Array | None:
    """None for the identity."""
    return None if blocks is None or (blocks == np.eye(blocks.shape[1])).all() else blocks


def _between(inner: Array | None, gram: Array) -> Array:
    """B G B'."""
    return gram if inner is None else left(inner, right(gram, inner.swapaxes(1, 2)))


def _square(outer: Array | None) -> Array | None:
    return None if outer is None else outer.swapaxes(1, 2) @ outer


def _diagonal(blocks: Array | None, size: int) -> Array:
    return np.ones(size) if blocks is None else np.diagonal(blocks, axis1=1, axis2=2).reshape(-1)


def _conjugate(applied: Callable[[Array], Array], residue: Array, ease: Array) -> Array:
    """The change that conjugate gradients come to in a few steps, preconditioned; all of it is one problem."""
    made, residue = np.zeros(residue.shape), residue.copy()
    way = residue * ease
    size = first = float(np.vdot(residue, way))
    for _ in range(STEPS):
        if not size > first * 1e-12:
            break
        pulled = applied(way)
        curve = float(np.vdot(way, pulled))
        if not curve > 0:
            break
        step = size / curve
        made += step * way
        residue = residue - np.float32(step) * pulled
        eased = residue * ease
        size, before = float(np.vdot(residue, eased)), size
        way = (eased + np.float32(size / before) * way).astype(residue.dtype)
    return made
