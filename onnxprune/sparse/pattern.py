"""Patterns of zeros: which weights of a matrix [outputs, inputs] may only go together.

    16x1          blocks of outputs x inputs: 16 neighbouring outputs of one input
    2:4           n of every m neighbouring inputs of an output stay
    unstructured  every weight by itself

Where a size is no multiple, what is left over at the end is a block of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from onnxprune.errors import InputError

Array = np.ndarray

LARGEST = 1024
"""Outputs or inputs of a block."""

FEW = 16
"""Entries that are put in order by comparing all pairs."""

SPELLINGS = "'16x1' (outputs x inputs of a block), '2:4' (2 of 4 inputs stay) or 'unstructured'"


@dataclass(frozen=True, slots=True)
class Pattern:
    """outputs, inputs: the lengths of a block; kept: of so many inputs of one output so many stay, 0 for blocks"""

    outputs: int = 1
    inputs: int = 1
    kept: int = 0

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """A pattern from its spelling. Raises InputError for anything else."""
        if text == "unstructured":
            return cls()
        found = re.fullmatch(r"([0-9]{1,5})([x:])([0-9]{1,5})", text)
        first, sign, second = found.groups() if found else ("0", "x", "0")
        if sign == ":" and 0 < int(first) < int(second) <= LARGEST:
            return cls(1, int(second), int(first))
        if sign == "x" and 0 < int(first) <= LARGEST and 0 < int(second) <= LARGEST:
            return cls(int(first), int(second))
        raise InputError(f"no pattern '{text}'; it should be spelled as {SPELLINGS}, numbers up to {LARGEST}")

    def __str__(self) -> str:
        if self.kept:
            return f"{self.kept}:{self.inputs}"
        return "unstructured" if self.outputs == self.inputs == 1 else f"{self.outputs}x{self.inputs}"

    @property
    def sparsity(self) -> float | None:
        """The fraction of zeros, where the pattern fixes it."""
        return 1 - self.kept / self.inputs if self.kept else None

    def summed(self, scores: Array) -> Array:
        """Sums over blocks: [outputs, inputs] -> [block rows, block columns]."""
        (rows, columns), (high, wide) = scores.shape, (self.outputs, self.inputs)
        if high == wide == 1:
            return scores
        lacking = -rows % high, -columns % wide
        if any(lacking):
            scores = np.pad(scores, [(0, more) for more in lacking])
        blocks = scores.reshape(-(-rows // high), high, -(-columns // wide), wide)
        return np.asarray(blocks.sum(axis=(1, 3)))

    def spread(self, blocks: Array, shape: tuple[int, ...]) -> Array:
        """One value per block as one per weight: the way back from `summed`."""
        for axis, step in ((0, self.outputs), (1, self.inputs)):
            if step > 1:
                blocks = np.repeat(blocks, step, axis=axis)
        return blocks[: shape[0], : shape[1]]

    def mask(self, scores: Array, sparsity: float, *, by_rows: bool = False, by_columns: bool = False) -> Array:
        """Which weights stay: bool [outputs, inputs], those of the largest scores.

        scores: [outputs, inputs], never negative, summed over each block; sparsity: the fraction of blocks that go, of
        all together, or with by_rows of every row of blocks alike, with by_columns of every column (n:m has a sparsity
        of its own). Of equal scores the first ones stay.
        """
        if self.kept:
            return self._of_every(scores)
        blocks = self.summed(scores)
        if by_columns:
            return self.spread(_alike(blocks.T, sparsity).T, scores.shape)
        stays = _alike(blocks if by_rows else blocks.reshape(1, -1), sparsity)
        return self.spread(stays.reshape(blocks.shape), scores.shape)

    def _of_every(self, scores: Array) -> Array:
        rows, columns = scores.shape
        groups = -(-columns // self.inputs)
        padded = np.full((rows, groups * self.inputs), -1, scores.dtype if scores.dtype.kind == "f" else np.float64)
        padded[:, :columns] = scores
        every = padded.reshape(-1, self.inputs)
        stays = _ranked(every, self.kept) if self.inputs <= FEW else largest(every, self.kept)
        return stays.reshape(rows, -1)[:, :columns]


def _alike(rows: Array, sparsity: float) -> Array:
    """The largest of every row, so that a fraction of each goes."""
    return largest(rows, rows.shape[1] - round(sparsity * rows.shape[1]))


def largest(rows: Array, count: int) -> Array:
    """The `count` largest entries of every row as bools; of equal ones the first."""
    size = rows.shape[1]
    if count <= 0 or count >= size:
        return np.full(rows.shape, count > 0)
    least = np.partition(rows, size - count, axis=1)[:, size - count, None]
    above, level = rows > least, rows == least
    wanted = count - above.sum(axis=1, keepdims=True)
    if (level.sum(axis=1, keepdims=True) == wanted).all():
        return np.asarray(above | level)
    return np.asarray(above | (level & (np.cumsum(level, axis=1) <= wanted)))


def _ranked(groups: Array, count: int) -> Array:
    """As `largest`, for very many rows of few entries."""
    size = groups.shape[1]
    stays = np.empty(groups.shape, bool)
    for place in range(size):
        mine, better = groups[:, place], np.zeros(len(groups), np.int16)
        for other in range(size):
            if other != place:
                better += groups[:, other] >= mine if other < place else groups[:, other] > mine
        stays[:, place] = better < count
    return stays


def sparsity_of(weight: Array) -> float:
    """The fraction of zeros."""
    return 1 - np.count_nonzero(weight) / max(weight.size, 1)
