"""Sessions as the oracle runs them: within a time limit, and with weights that lie in memory fed as inputs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from onnxprune.errors import InputError
from onnxprune.runtime.run import Array

_EVENT = "_kernel_time"
"""What ONNX Runtime's profiler puts behind the name of a node that has run."""


class OutOfTime(InputError):
    """A run took longer than it may."""


class Clock:
    """How much is left of a time limit, in seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._started = time.monotonic()

    @property
    def spent(self) -> float:
        return time.monotonic() - self._started

    @property
    def left(self) -> float:
        return max(self.seconds - self.spent, 0.0)


class Exposed:
    """A session that `onnxprune.runtime.run` can run.

    weights: what is fed in every run; those inputs are not shown.
    """

    def __init__(self, session: ort.InferenceSession, weights: dict[str, Array], clock: Clock) -> None:
        self.weights = weights
        self._session = session
        self._clock = clock
        self._last: tuple[dict[str, Array], list[Any]] | None = None

    def get_inputs(self) -> list[Any]:
        return [value for value in self._session.get_inputs() if value.name not in self.weights]

    def get_outputs(self) -> list[Any]:
        return list(self._session.get_outputs())

    def executed(self) -> frozenset[str]:
        """The names of the nodes that have run, in bodies too; for a session opened with a trace, and once."""
        trace = Path(self._session.end_profiling())
        names = [event["name"] for event in json.loads(trace.read_text())]
        return frozenset(name.removesuffix(_EVENT) for name in names if name.endswith(_EVENT))

    def run(self, names: Sequence[str] | None, feeds: Mapping[str, Array], options: ort.RunOptions) -> list[Any]:
        """Run; raises OutOfTime once the limit is reached, between two nodes.

        The same arrays once more get the same results without a run: a search for inputs ends with the first draw.
        """
        last, self._last = self._last, None
        if last is None or last[0].keys() != feeds.keys() or any(v is not last[0][k] for k, v in feeds.items()):
            whole = {**feeds, **self.weights}
            last = dict(feeds), self._limited(lambda: self._session.run(names, whole, options), options)
            self._last = last
        return last[1]

    def run_with_ort_values(
        self, names: Sequence[str] | None, feeds: Mapping[str, Any], options: ort.RunOptions
    ) -> list[Any]:
        """The same for types that NumPy doesn't have."""
        whole = {**feeds, **{k: ort.OrtValue.ortvalue_from_numpy(v) for k, v in self.weights.items()}}
        return self._limited(lambda: self._session.run_with_ort_values(names, whole, options), options)

    def _limited(self, call: Callable[[], Any], options: ort.RunOptions) -> list[Any]:
        def stop() -> None:
            options.terminate = True

        timer = threading.Timer(self._clock.left, stop)
        timer.daemon = True
        timer.start()
        try:
            return list(call())
        except Exception as error:  # ONNX Runtime's exceptions share no base but Exception
            if options.terminate:
                raise OutOfTime(f"one run takes more than the {self._clock.seconds:g} s allowed") from error
            raise
        finally:
            timer.cancel()


class Forced:
    """A session with one input held at a value."""

    def __init__(self, model: Exposed, name: str, value: int) -> None:
        self._model = model
        self._name = name
        self._value = value

    def get_inputs(self) -> list[Any]:
        return self._model.get_inputs()

    def get_outputs(self) -> list[Any]:
        return self._model.get_outputs()

    def merged(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """The feeds with the value in them."""
        return {**feeds, self._name: np.full_like(feeds[self._name], self._value)}

    def run(self, names: Sequence[str] | None, feeds: Mapping[str, Array], options: ort.RunOptions) -> list[Any]:
        """Run on the feeds with the value in them."""
        return self._model.run(names, self.merged(feeds), options)
