"""Trying prunings on data: one session of a gated model, fed other gates for every trial."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from onnxprune.calibration.batch import spaced
from onnxprune.calibration.data import Data
from onnxprune.calibration.part import Part
from onnxprune.progress import Progress, silent
from onnxprune.runtime import Array, Feeds
from onnxprune.runtime.loss import Loss, Surprise

SAMPLES = 64
"""Of the data, for one trial: there are hundreds to thousands of trials."""

BYTES = 2**28
"""Of inputs and dense outputs that are kept for all trials; where there are more, fewer calls are used."""

Gates = Mapping[str, Array]
"""Group id -> how much there is of every unit, [units]; groups that are not named stay whole."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A gated model that can be run; feeds: what its further inputs are fed under some gates; sizes: units by group
    id, of groups that have a gate"""

    part: Part
    feeds: Callable[[Gates], Feeds]
    sizes: Mapping[str, int]

    def __call__(self, feeds: Feeds, further: Feeds) -> dict[str, Array]:
        return self.part({**feeds, **further})

    def each(self, calls: Iterable[Feeds], further: Feeds) -> Iterator[dict[str, Array]]:
        """As called on each, in order."""
        return self.part.each({**feeds, **further} for feeds in calls)


Called = tuple[Feeds, dict[str, Array]]
"""A call, and what the dense model makes of it."""


class Trials:
    """The losses of one model under any gates.

    source: opens the gated model; data: tells what to run it on, of which evenly spaced calls are used, about `samples`
    samples; both are asked at the first trial. tell: where those who make many trials tell how far they are; count: how
    often the model was run. A trial that was made before is not made again. Raises InputError where the model can't be
    run.
    """

    def __init__(
        self, source: Callable[[], Opened], data: Callable[[], Data], samples: int = SAMPLES, tell: Progress = silent
    ) -> None:
        self.count = 0
        self.tell = tell
        self._source = source
        self._data = data
        self._samples = samples
        self._opened: Opened | None = None
        self._calls: dict[int, Called] = {}
        self._used: list[int] = []
        self._sizes: Mapping[str, int] | None = None
        self._known: dict[tuple[str, bytes], float] = {}

    @property
    def sizes(self) -> Mapping[str, int]:
        """Units by group id, of groups that have a gate: some can't (see `onnxprune.rewrite.gates`)."""
        return self._open().sizes if self._sizes is None else self._sizes

    def loss(self, gates: Gates, samples: int = 0) -> float:
        """How far the outputs are from the dense ones (see `onnxprune.runtime.loss`): 0 where all gates are 1.

        samples: about so many of those that are used, evenly spaced; 0: all
        """
        return self._measure("loss", Loss, gates, samples)

    def surprise(self, gates: Gates) -> float:
        """What the dense model would call a mistake: a loss whose gradient where all gates are 1 is not zero."""
        return self._measure("surprise", Surprise, gates)

    def outputs(self, gates: Gates) -> list[dict[str, Array]]:
        """The outputs by name, for every call that is used."""
        opened = self._open()
        return self._run(opened, gates, self._chosen(opened))

    def _run(self, opened: Opened, gates: Gates, calls: Sequence[Called]) -> list[dict[str, Array]]:
        further = opened.feeds(gates)
        return list(opened.each((feeds for feeds, _ in calls), further))

    def release(self) -> None:
        """Let go of the session and the dense outputs, which take memory. They are made anew where they are needed."""
        self._opened, self._calls, self._used = None, {}, []

    def _measure(self, kind: str, measure: type[Loss], gates: Gates, samples: int = 0) -> float:
        key = f"{kind} {samples}", _digest(gates)
        if key not in self._known:
            opened, meter = self._open(), measure()
            calls = self._chosen(opened, samples)
            for made, (_, dense) in zip(self._run(opened, gates, calls), calls, strict=True):
                meter.update(dense, made)
            found = meter.result()
            self._known[key] = math.inf if math.isnan(found) else found
            self.count += 1
        return self._known[key]

    def _open(self) -> Opened:
        if self._opened is None:
            self._opened = self._source()
            self._sizes = self._opened.sizes
        return self._opened

    def _chosen(self, opened: Opened, samples: int = 0) -> list[Called]:
        """Evenly spaced calls of those that are used, as many as it takes for so many samples; 0: all."""
        if not self._used:
            self._used = self._affordable(opened)
        rows = tuple(self._data().rows[index] for index in self._used)
        places = _spaced(rows, samples) if samples else range(len(rows))
        return [self._call(opened, self._used[place]) for place in places]

    def _affordable(self, opened: Opened) -> list[int]:
        """The calls to use, fewer of them where they are large."""
        rows = self._data().rows
        wanted = _spaced(rows, self._samples)
        feeds, made = self._call(opened, wanted[0])
        size = sum(np.asarray(values).nbytes for values in (*feeds.values(), *made.values()))
        return wanted[: max(BYTES // max(size, 1), 1)]

    def _call(self, opened: Opened, index: int) -> Called:
        """A call and what the dense model makes of it, which is kept."""
        if index not in self._calls:
            feeds = self._data()[index]
            self._calls[index] = feeds, opened(feeds, opened.feeds({}))
        return self._calls[index]


def _spaced(rows: tuple[int, ...], samples: int) -> list[int]:
    """Evenly spaced calls, as many as it takes for so many samples."""
    each = max(sum(rows) / max(len(rows), 1), 1)
    return spaced(len(rows), max(math.ceil(samples / each), 1))


def _digest(gates: Gates) -> bytes:
    digest = hashlib.sha256()
    for name, gate in sorted(gates.items()):
        values = np.asarray(gate, np.float64)
        if (values != 1).any():
            digest.update(f"{len(name)} {name} {values.size} ".encode() + values.tobytes())
    return digest.digest()
