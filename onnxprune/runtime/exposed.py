"""Sessions that show tensors inside a model, run within a time limit, and can do without weights in the model.

They hold no copy of a weight that could be avoided: weights that lie in memory are fed as inputs, and kernels may not
make packed copies. One model needs little more memory than its weights then.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from onnxprune.errors import InputError
from onnxprune.graph.expose import exposing
from onnxprune.runtime.run import Array
from onnxprune.runtime.session import label, reason, session_options

FOLDER_KEY = "session.model_external_initializers_file_folder_path"

_EVENT = "_kernel_time"

COPIED_BYTES = 2**26
"""Model files from this size on are not read into memory to be extended, but copied."""


@dataclass(frozen=True, slots=True)
class Fed:
    """A model without its weights, which are inputs.

    model: serialized; weights: makes them, by name, and is called once for every session
    """

    model: bytes
    weights: Callable[[], dict[str, Array]]


Source = Path | bytes | Fed


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
    """A session that `onnxprune.runtime.run` can run."""

    def __init__(self, session: ort.InferenceSession, weights: Mapping[str, Array], clock: Clock) -> None:
        self._session = session
        self.weights = weights
        self._clock = clock
        self._last: tuple[dict[str, Array], list[Any]] | None = None

    def get_inputs(self) -> list[Any]:
        return [value for value in self._session.get_inputs() if value.name not in self.weights]

    def get_outputs(self) -> list[Any]:
        return list(self._session.get_outputs())

    def executed(self) -> frozenset[str]:
        """The names of the nodes that have run so far, in bodies too; for a session opened to `trace`, once."""
        trace = Path(self._session.end_profiling())
        events = json.loads(trace.read_text())
        trace.unlink()
        return frozenset(e["name"].removesuffix(_EVENT) for e in events if e["name"].endswith(_EVENT))

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
        weights = {k: ort.OrtValue.ortvalue_from_numpy(v) for k, v in self.weights.items()}
        return self._limited(
            lambda: self._session.run_with_ort_values(names, {**feeds, **weights}, options), options
        )

    def _limited(self, call: Callable[[], list[Any]], options: ort.RunOptions) -> list[Any]:
        def stop() -> None:
            options.terminate = True

        timer = threading.Timer(self._clock.left, stop)
        timer.daemon = True
        timer.start()
        try:
            return call()
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
        return self._model.run(names, self.merged(feeds), options)


def expose(
    source: Source, names: Sequence[str], clock: Clock, *, optimize: bool = False, trace: Path | None = None
) -> Exposed:
    """Open a model with further outputs.

    names: tensors inside the outermost graph; trace: a folder for the record of what runs. Raises InputError where ONNX Runtime can't load the model, or it has no
    such tensors.
    """
    options = session_options(optimize=optimize, profile=trace / "trace" if trace else None)
    options.add_session_config_entry("session.disable_prepacking", "1")
    weights = source.weights() if isinstance(source, Fed) else {}
    suffix = exposing(names)
    try:
        if isinstance(source, Path) and suffix and source.stat().st_size >= COPIED_BYTES:
            session = _open_copy(source, suffix, options)
        else:
            session = _open(_extended(source, suffix, options), options)
    except OSError as error:
        raise InputError(f"{source}: can't be read or copied ({error.strerror or error})") from error
    except Exception as error:  # ONNX Runtime's exceptions share no base but Exception
        what = "the masked model" if isinstance(source, Fed) else label(source)
        raise InputError(f"ONNX Runtime could not load {what}: {reason(error)}") from error
    return Exposed(session, weights, clock)


def _open(model: str | bytes, options: ort.SessionOptions) -> ort.InferenceSession:
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"], enable_fallback=0)


def _extended(source: Source, suffix: bytes, options: ort.SessionOptions) -> str | bytes:
    """The model with the suffix behind it; its data files are found beside the source."""
    if isinstance(source, Fed):
        return source.model + suffix
    if isinstance(source, bytes) or not suffix:
        return source + suffix if isinstance(source, bytes) else str(source)
    options.add_session_config_entry(FOLDER_KEY, str(source.resolve().parent))
    return source.read_bytes() + suffix


def _open_copy(source: Path, suffix: bytes, options: ort.SessionOptions) -> ort.InferenceSession:
    """Open an extended copy, which lies beside the source, where data files are, only until it is loaded."""
    with tempfile.TemporaryDirectory(dir=source.parent, prefix=".onnxprune-") as folder:
        copy = Path(folder) / source.name
        shutil.copyfile(source, copy)
        with copy.open("ab") as file:
            file.write(suffix)
        return _open(str(copy), options)
