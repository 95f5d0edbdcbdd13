"""The Fisher information of weights that lie close together, out of gradients sample by sample.

Of all weights it would be a matrix of their number squared. Kurtic et al. 2022, "The Optimal BERT Surgeon", keep blocks
along its diagonal; here these are tiles of a weight's matrix [outputs, inputs], each of whole blocks of a pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from onnxprune.sparse.pattern import Pattern

Array = np.ndarray

WEIGHTS = 64
"""Of a tile (the authors have 50): what a weight may be made up for by, and what its score knows of."""

AT_ONCE = 16
"""Samples whose products are added up by one multiplication."""

Gradients = Callable[[Sequence[str]], Iterator[Mapping[str, Array]]]
"""Names of stored tensors -> for every sample the gradients by those that it reaches, each of its tensor's shape."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """How a matrix is cut: tiles of `count` pieces side by side, each `high` outputs x `wide` inputs.

    A piece is a block of a pattern, or, of one with more weights than a tile has, a part of it that is a tile itself.
    """

    high: int
    wide: int
    count: int

    @classmethod
    def of(cls, pattern: Pattern) -> Tiles:
        """For a pattern; n:m has pieces of one weight and tiles of whole runs of m."""
        if pattern.kept:
            return cls(1, 1, pattern.inputs * max(WEIGHTS // pattern.inputs, 1))
        if pattern.outputs * pattern.inputs <= WEIGHTS:
            return cls(pattern.outputs, pattern.inputs, max(WEIGHTS // (pattern.outputs * pattern.inputs), 2))
        high = _divisor(pattern.outputs, WEIGHTS)
        return cls(high, _divisor(pattern.inputs, WEIGHTS // high), 1)

    @property
    def size(self) -> int:
        """Weights of a tile."""
        return self.high * self.wide * self.count

    def cut(self, matrix: Array) -> Array:
        """[outputs, inputs] -> [tiles, size], piece after piece; what isn't there at the ends is zero."""
        wide = self.wide * self.count
        padded = np.pad(matrix, [(0, -matrix.shape[0] % self.high), (0, -matrix.shape[1] % wide)])
        parts = padded.reshape(-(-matrix.shape[0] // self.high), self.high, -1, self.count, self.wide)
        return np.ascontiguousarray(parts.transpose(0, 2, 3, 1, 4)).reshape(-1, self.size)

    def paste(self, tiles: Array, shape: tuple[int, ...]) -> Array:
        """The way back."""
        rows = -(-shape[0] // self.high)
        parts = tiles.reshape(rows, -1, self.count, self.high, self.wide).transpose(0, 3, 1, 2, 4)
        return np.asarray(parts.reshape(rows * self.high, -1)[: shape[0], : shape[1]])


def _divisor(number: int, most: int) -> int:
    return max(k for k in range(1, max(most, 1) + 1) if number % k == 0)


def information(
    samples: Iterable[Mapping[str, Array]], cuts: Mapping[str, Callable[[Array], Array]]
) -> dict[str, Array]:
    """The mean over samples of g g', tile by tile: name -> [tiles, n, n], float32.

    samples: gradients by name; cuts: a gradient -> [tiles, n]. What no sample reaches is left out.
    """
    found: dict[str, Array] = {}
    left, count = iter(samples), 0
    while chunk := list(islice(left, AT_ONCE)):
        count += len(chunk)
        for name, cut in cuts.items():
            rows = [cut(sample[name]) for sample in chunk if name in sample]
            if rows:
                stacked = np.stack(rows, axis=1)
                stacked = np.nan_to_num(stacked.astype(np.float32, copy=False), posinf=0, neginf=0)
                product = stacked.swapaxes(1, 2) @ stacked
                found[name] = found[name] + product if name in found else product
    return {name: total / np.float32(max(count, 1)) for name, total in found.items()}
