"""What zeros do to the time of layers on this machine: timed once, and kept; guessed where nothing can be timed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from onnxprune.cache import cache_folder, keep, kept
from onnxprune.graph import Linear
from onnxprune.progress import Progress, silent
from onnxprune.runtime import plugin
from onnxprune.runtime.environment import environment
from onnxprune.sparse.constants import guessed
from onnxprune.sparse.pattern import Pattern
from onnxprune.sparse.speed import Speed
from onnxprune.sparse.timed import time_linear

Measure = Callable[[Linear, list[Pattern]], Speed]

GUESSED = "what layers gain is guessed from constants and not timed: "


@dataclass
class Speeds:
    """Times of layers by their shapes. door: as `time_linear` takes it; measure: times those that aren't known yet, by
    default on this machine; tell: takes a line on what is timed"""

    door: str
    threads: int = 1
    measure: Measure | None = None
    tell: Progress = silent
    known: dict[str, dict[str, Any]] | None = None

    @cached_property
    def why_not(self) -> str:
        """Why layers can't be timed here, as the end of a sentence; "" if they can."""
        return "" if self.measure is not None else plugin.why_not(provider=self.door == "provider")

    def of(self, linear: Linear, patterns: Iterable[Pattern]) -> Speed:
        """What some patterns do to a layer; timed at first sight, guessed where the plug-in can't be used."""
        wanted = list(dict.fromkeys(patterns))
        if self.why_not:
            return guessed(linear, wanted)
        found = self.seen(linear) or Speed(linear.rows, 0.0, {})
        missing = [p for p in wanted if str(p) not in found.points]
        if missing:
            self.tell(f"timing {linear.named} in {', '.join(map(str, missing))}")
            measure = self.measure or (lambda one, some: time_linear(one, some, self.door, threads=self.threads))
            new = measure(linear, missing)
            found = Speed(linear.rows, found.dense or new.dense, {**found.points, **new.points})
            self._keep(linear, found)
        return found

    def seen(self, linear: Linear) -> Speed | None:
        """What was timed before; None where nothing was."""
        entry = self._known.get(linear.named)
        try:
            points = {p: [(float(s), float(x)) for s, x in rows] for p, rows in (entry or {})["points"].items()}
            return Speed(linear.rows, float((entry or {})["dense"]), points) if points else None
        except (KeyError, TypeError, ValueError, AttributeError):
            return None

    @property
    def _known(self) -> dict[str, dict[str, Any]]:
        if self.known is None:
            self.known = {} if self.measure is not None else _dictionary(kept(self._file))
        return self.known

    def _keep(self, linear: Linear, speed: Speed) -> None:
        entry = {"dense": speed.dense, "points": {p: [list(pair) for pair in rows] for p, rows in speed.points.items()}}
        self._known[linear.named] = entry
        if self.measure is None:  # other processes may have timed other layers meanwhile
            self.known = {**_dictionary(kept(self._file)), **self._known}
            keep(self._file, self.known)

    @cached_property
    def _file(self) -> Path:
        return cache_folder() / "sparse" / f"{conditions(self.door, self.threads)}.json"


def conditions(door: str, threads: int) -> str:
    """A hash of all that times depend on but the layers: the machine, versions, and the library itself."""
    used, library = environment(threads, door), plugin.path()
    digest = hashlib.sha256(library.read_bytes()).hexdigest() if library else ""
    told = repr((used.onnxprune, used.onnxruntime, used.cpu, used.threads, door, digest, plugin.instructions()))
    return hashlib.sha256(told.encode()).hexdigest()


def _dictionary(body: Any) -> dict[str, dict[str, Any]]:
    return body if isinstance(body, dict) else {}
