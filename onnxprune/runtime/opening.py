"""Opening models for the oracle: with tensors inside shown as outputs, and no copy of a weight that can be avoided.

Weights that lie in memory are fed as inputs, and kernels may not make packed copies: running a model takes little more
memory than its weights then.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnxruntime as ort

from onnxprune.errors import InputError
from onnxprune.graph.expose import exposing
from onnxprune.runtime.exposed import Clock, Exposed
from onnxprune.runtime.packed_files import open_session
from onnxprune.runtime.run import Array
from onnxprune.runtime.session import label, reason, session_options

COPIED_BYTES = 2**26
"""Model files from this size on are not read into memory to be extended, but copied."""

_FOLDER_KEY = "session.model_external_initializers_file_folder_path"
_PACKING_KEY = "session.disable_prepacking"


@dataclass(frozen=True, slots=True)
class Fed:
    """A model without its weights, which are inputs.

    model: serialized; weights: makes them, by name, and is called once for every session
    """

    model: bytes
    weights: Callable[[], dict[str, Array]]


Source = Path | bytes | Fed


def expose(
    source: Source, names: Sequence[str], clock: Clock, *, optimize: bool = False, trace: Path | None = None
) -> Exposed:
    """Open a model with further outputs.

    names: tensors inside the outermost graph; trace: a folder for the record of which nodes run. Raises InputError
    where ONNX Runtime can't load the model, or the model has no such tensors.
    """
    options = session_options(optimize=optimize, profile=trace / "trace" if trace else None)
    options.add_session_config_entry(_PACKING_KEY, "1")
    what = "the masked model" if isinstance(source, Fed) else label(source)
    try:
        session = _session(source, exposing(names), options)
    except OSError as error:
        raise InputError(f"{what} can't be read or copied ({error.strerror or error})") from error
    except Exception as error:  # ONNX Runtime's exceptions share no base but Exception
        raise InputError(f"ONNX Runtime could not load {what}: {reason(error)}") from error
    return Exposed(session, source.weights() if isinstance(source, Fed) else {}, clock)


def _session(source: Source, suffix: bytes, options: ort.SessionOptions) -> ort.InferenceSession:
    """The session of a model with the suffix behind it."""
    if isinstance(source, Fed):
        return _open(source.model + suffix, options)
    if isinstance(source, bytes):
        return _open(source + suffix, options)
    if not suffix:
        return _open(str(source), options)
    if source.stat().st_size >= COPIED_BYTES:
        return _open_copy(source, suffix, options)
    options.add_session_config_entry(_FOLDER_KEY, str(source.resolve().parent))
    return _open(source.read_bytes() + suffix, options)


def _open_copy(source: Path, suffix: bytes, options: ort.SessionOptions) -> ort.InferenceSession:
    """From a copy in the source's own folder, where data files are, which lives only until it is loaded."""
    handle, name = tempfile.mkstemp(dir=source.parent, prefix=".onnxprune-", suffix=".onnx")
    try:
        with os.fdopen(handle, "wb") as copy, source.open("rb") as file:
            shutil.copyfileobj(file, copy, COPIED_BYTES)
            copy.write(suffix)
        return _open(name, options)
    finally:
        Path(name).unlink()


def _open(model: str | bytes, options: ort.SessionOptions) -> ort.InferenceSession:
    return open_session(model, options, providers=["CPUExecutionProvider"])
