"""How far a model has been run: every node once, however many layers are looked at on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from onnxprune.calibration import Part
from onnxprune.errors import InputError
from onnxprune.graph import Parts
from onnxprune.runtime import Feeds

Array = np.ndarray

BYTES = 2**30
"""Of tensors that wait for their readers; where there are more, fewer calls go on."""

LEAST_CALLS = 4


class Front:
    """The tensors that have been made and are still to be read, for every call.

    parts: the model, whose stored tensors may change behind the front; targets: the tensors that will be asked for, in
    the order of the graph; calls: those that are still run
    """

    def __init__(self, parts: Parts, targets: Iterable[str], calls: Sequence[Feeds], threads: int) -> None:
        self.calls = calls
        self._parts = parts
        self._threads = threads
        self._held: list[dict[str, Array]] = [dict(feeds) for feeds in calls]
        self._done: set[int] = set()
        self._left = parts.needed(targets)

    def advance(self, name: str) -> list[Array]:
        """A tensor for every call; what nobody will ask for any more is forgotten.

        Raises InputError where something on the way is no tensor.
        """
        if name not in self._held[0]:
            self._run(name)
        return [held[name] for held in self._held]

    def _run(self, name: str) -> None:
        ready = self._held[0].keys()
        self._done |= self._parts.needed([name], ready)
        self._left -= self._done
        live = self._parts.between(self._done, self._left) | {name}
        wanted = sorted(live - ready)
        given = {key: [held[key] for held in self._held] for key in ready}
        part = Part(self._parts.part(wanted, given), self._threads, len(self._held))
        most = 0
        for held, made in zip(self._held, part.each(self._held), strict=False):
            if made.keys() != set(wanted):
                raise InputError("the model hands on what is no tensor, and can't be repaired layer after layer")
            held.update(made)
            for key in held.keys() - live:
                del held[key]
            most = max(most, sum(values.nbytes for values in held.values()))
            self._spare(most)

    def _spare(self, most: int) -> None:
        """Let the last calls go where all of them, of `most` bytes each, would take too much memory."""
        count = max(BYTES // max(most, 1), LEAST_CALLS)
        if count < len(self._held):
            del self._held[count:]
            self.calls = self.calls[:count]
