"""Trying prunings on data: one session of a gated model, fed other gates for every trial."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from onnxprune.calibration.batch import spaced
from onnxprune.calibration.data import Data
from onnxprune.calibration.part import Part
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


Tell = Callable[[str], None]


def _silent(_: str) -> None:
    """Nobody is told."""


class Trials:
    """The losses of one model under any gates.

    source: opens the gated model; data: tells what to run it on, of which evenly spaced calls are used, about `samples`
    samples; both are asked at the first trial. tell: where those who make many trials tell how far they are; count: how
    often the model was run. A trial that was made before is not made again. Raises InputError where the model can't be
    run.
    """

    def __init__(
        self, source: Callable[[], Opened], data: Callable[[], Data], samples: int = SAMPLES, tell: Tell = _silent
    ) -> None:
        self.count = 0
        self.tell = tell
        self._source = source
        self._data = data
        self._samples = samples
        self._opened: Opened | None = None
        self._calls: list[tuple[Feeds, dict[str, Array]]] = []
        self._sizes: Mapping[str, int] | None = None
        self._known: dict[tuple[str, bytes], float] = {}

    @property
    def sizes(self) -> Mapping[str, int]:
        """Units by group id, of groups that have a gate: some can't (see `onnxprune.rewrite.gates`)."""
        return self._open().sizes if self._sizes is None else self._sizes

    def loss(self, gates: Gates) -> float:
        """How far the outputs are from the dense ones (see `onnxprune.runtime.loss`): 0 where all gates are 1."""
        return self._measure("loss", Loss, gates)

    def surprise(self, gates: Gates) -> float:
        """What the dense model would call a mistake: a loss whose gradient where all gates are 1 is not zero."""
        return self._measure("surprise", Surprise, gates)

    def outputs(self, gates: Gates) -> list[dict[str, Array]]:
        """The outputs by name, for every call that is used."""
        opened = self._open()
        further = opened.feeds(gates)
        return [opened(feeds, further) for feeds, _ in self._calls]

    def release(self) -> None:
        """Let go of the session and the dense outputs, which take memory. They are made anew where they are needed."""
        self._opened, self._calls = None, []

    def _measure(self, kind: str, measure: type[Loss], gates: Gates) -> float:
        key = kind, _digest(gates)
        if key not in self._known:
            meter = measure()
            for made, (_, dense) in zip(self.outputs(gates), self._calls, strict=True):
                meter.update(dense, made)
            found = meter.result()
            self._known[key] = math.inf if math.isnan(found) else found
            self.count += 1
        return self._known[key]

    def _open(self) -> Opened:
        if self._opened is None:
            self._opened = self._source()
            self._sizes = self._opened.sizes
            self._calls = self._dense(self._opened)
        return self._opened

    def _dense(self, opened: Opened) -> list[tuple[Feeds, dict[str, Array]]]:
        """Calls and what the dense model makes of them."""
        found: list[tuple[Feeds, dict[str, Array]]] = []
        data, further, held = self._data(), opened.feeds({}), 0
        for index in _chosen(data.rows, self._samples):
            feeds = data[index]
            made = opened(feeds, further)
            held += sum(np.asarray(values).nbytes for values in (*feeds.values(), *made.values()))
            if found and held > BYTES:
                break
            found.append((feeds, made))
        return found


def _chosen(rows: tuple[int, ...], samples: int) -> list[int]:
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
