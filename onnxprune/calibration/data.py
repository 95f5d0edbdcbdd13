"""Data as calls of a model, made when they are asked for, and their split into two parts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import overload

import numpy as np

from onnxprune.calibration.batch import spaced
from onnxprune.errors import InputError
from onnxprune.runtime import Array

Call = Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Data(Sequence[Mapping[str, Array]]):
    """Calls of a model: arrays by input name, made anew on every access, so that they needn't all be in memory.

    name: what the user gave; digest: sha256 over the contents, in hexadecimal; rows: samples in each call; make: the
    call of an index; batch: the axis that holds the samples, by input, where its length is open; synthetic: nobody
    gathered them; shared: this part of a split is the other part too; warnings: sentences for the user; labels: the
    name of what should come out, among what the calls hold besides inputs, or empty; tell: the labels of the call of an
    index. An access raises InputError where a file is broken or has changed.
    """

    name: str
    digest: str
    rows: tuple[int, ...]
    make: Callable[[int], Call] = field(repr=False)
    batch: Mapping[str, int] = field(default_factory=dict)
    synthetic: bool = False
    shared: bool = False
    warnings: tuple[str, ...] = ()
    labels: str = ""
    tell: Callable[[int], Array] | None = field(default=None, repr=False)

    def label(self, index: int) -> Array | None:
        """What should come out of a call, its samples on the first axis; None where nobody said."""
        return None if self.tell is None else self.tell(index)

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> Data: ...
    def __getitem__(self, index: int | slice) -> Call | Data:
        chosen = range(len(self))[index]
        return self.make(chosen) if isinstance(chosen, int) else self.part(chosen)

    @property
    def samples(self) -> int:
        """How many samples all calls hold together."""
        return sum(self.rows)

    def part(self, calls: Sequence[int]) -> Data:
        """These calls, in this order."""
        if list(calls) == list(range(len(self))):
            return self
        rows, make, tell = tuple(self.rows[i] for i in calls), self.make, self.tell
        told = None if tell is None else lambda i: tell(calls[i])
        return replace(self, digest=self._digest(calls), rows=rows, make=lambda i: make(calls[i]), tell=told)

    def fewer(self, samples: int) -> Data:
        """Evenly spaced calls with about so many samples; itself where it has no more."""
        if self.samples <= samples:
            return self
        return self.part(spaced(len(self), max(len(self) * samples // self.samples, 1)))

    def split(self, fraction: float = 0.25) -> tuple[Data, Data]:
        """The part to calibrate on, and the part held out: about `fraction` of the calls, drawn evenly.

        The parts are disjoint, and the same on every run. A single call is split along its batch, where that is
        open and holds several samples; else both parts are the same, and say so in `shared`. Raises InputError for a
        fraction that isn't between 0 and 1.
        """
        if not 0 < fraction < 1:
            raise InputError(f"the fraction of the data that is held out must be between 0 and 1, but is {fraction:g}")
        if len(self) > 1:
            kept, held = _interleaved(len(self), fraction)
            return self.part(kept), self.part(held)
        if self.samples > 1 and self.batch:
            kept, held = _interleaved(self.samples, fraction)
            return self._of_batch(kept), self._of_batch(held)
        same = replace(self, shared=True)
        return same, same

    def _of_batch(self, samples: list[int]) -> Data:
        make, batch, tell = self.make, self.batch, self.tell
        told = None if tell is None else lambda index: tell(index)[samples]

        def taken(index: int) -> Call:
            call = make(index)
            return {k: np.take(v, samples, axis=batch[k]) if k in batch else v for k, v in call.items()}

        return replace(self, digest=self._digest(samples), rows=(len(samples),), make=taken, tell=told)

    def _digest(self, chosen: Sequence[int]) -> str:
        return hashlib.sha256(f"{self.digest} {list(chosen)}".encode()).hexdigest()


def _interleaved(count: int, fraction: float) -> tuple[list[int], list[int]]:
    """Both parts of 0, ..., count - 1 (at least two): one of every k is held out, where the fraction is 1/k.

    Which one of them is drawn, always the same way: data that go through their classes in turn would otherwise have one
    of them held out whole.
    """
    share, random = Fraction(fraction).limit_denominator(1000), np.random.default_rng(0)
    ends = [i for i in range(count) if int((i + 1) * share) > int(i * share) and i] or [count - 1]
    starts = [0, *(end + 1 for end in ends)]
    held = [int(random.integers(start, end + 1)) for start, end in zip(starts, ends, strict=False)]
    return sorted(set(range(count)) - set(held)), held
