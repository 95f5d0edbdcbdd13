"""Training data in steps: samples of a shape together, in an order drawn anew for every round through them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from onnxprune.calibration import Data
from onnxprune.recovery.augment import augmented, pictures

Array = np.ndarray
Call = Mapping[str, Array]

BYTES = 2**31
"""Of calls that are kept in memory; what is beyond is made anew whenever it's needed."""


@dataclass
class Batches:
    """Steps of about `size` samples.

    Where all inputs have an open batch, samples of several calls are put together; else a step is several calls as
    they are. share: (which, of how many) processes this one is; everyone makes the same number of steps. augment: what
    is done to pictures, see `onnxprune.recovery.augment`.
    """

    data: Data
    size: int
    seed: int = 0
    share: tuple[int, int] = (0, 1)
    augment: tuple[str, ...] = ()
    _kept: dict[int, Call] = field(default_factory=dict)
    _bytes: int = 0

    @property
    def mixes(self) -> bool:
        """Whether samples of several calls can be put together."""
        return set(self.data.batch) == set(self._call(0))

    def forever(self, start: int = 0) -> Iterator[list[Call]]:
        """Steps without end, from that number on: the same for the same seed."""
        rounds, number = 0, 0
        while True:
            steps = self._round(rounds)
            for step in steps:
                if number >= start:
                    yield self._changed(self._made(step), number)
                number += 1
            rounds += 1

    def _changed(self, calls: list[Call], number: int) -> list[Call]:
        """The pictures augmented, in a way drawn anew for every step."""
        if not self.augment:
            return calls
        inputs, random = pictures(self.data, self.augment), np.random.default_rng([self.seed, number, self.share[0]])
        return [augmented(call, self.augment, inputs, random) for call in calls]

    def _round(self, number: int) -> list[list[tuple[int, int]]]:
        """The steps of one round: which call, and which sample in it (-1: the whole)."""
        random = np.random.default_rng([self.seed, number])
        which, of = self.share
        steps: list[list[tuple[int, int]]] = []
        for members in self._alike().values():
            order = [members[i] for i in random.permutation(len(members))]
            size = max(self.size // max(self._rows(order[0]), 1), 1)
            steps += [order[i : i + size] for i in range(0, len(order), size)]
        full = [steps[i] for i in random.permutation(len(steps))]
        while len(full) % of:
            full.append(full[len(full) % len(steps)])
        return full[which::of]

    def _rows(self, place: tuple[int, int]) -> int:
        return 1 if place[1] >= 0 else self.data.rows[place[0]]

    def _alike(self) -> dict[object, list[tuple[int, int]]]:
        """Samples by their shapes."""
        if not self.mixes:
            return {None: [(index, -1) for index in range(len(self.data))]}
        found: dict[object, list[tuple[int, int]]] = {}
        for index, rows in enumerate(self.data.rows):
            call = self._call(index)
            key = tuple(np.delete(v.shape, self.data.batch[name]).tobytes() for name, v in call.items())
            found.setdefault(key, []).extend((index, row) for row in range(rows))
        return found

    def _made(self, step: Sequence[tuple[int, int]]) -> list[Call]:
        if not self.mixes:
            return [self._call(index) for index, _ in step]
        parts = [self._sample(index, row) for index, row in step]
        axes = self.data.batch
        return [{name: np.concatenate([part[name] for part in parts], axes[name]) for name in parts[0]}]

    def _sample(self, index: int, row: int) -> Call:
        axes = self.data.batch
        return {name: np.take(v, [row], axes[name]) for name, v in self._call(index).items()}

    def _call(self, index: int) -> Call:
        if index in self._kept:
            return self._kept[index]
        call = self.data[index]
        size = sum(v.nbytes for v in call.values())
        if self._bytes + size <= BYTES:
            self._kept[index] = call
            self._bytes += size
        return call


def split(call: Call, axes: Mapping[str, int], parts: int) -> list[Call]:
    """A call as several smaller ones along its batch; fewer where it hasn't that many samples."""
    rows = min(v.shape[axes[name]] for name, v in call.items())
    pieces = {name: np.array_split(v, min(parts, rows), axes[name]) for name, v in call.items()}
    return [{name: piece[i] for name, piece in pieces.items()} for i in range(min(parts, rows))]
