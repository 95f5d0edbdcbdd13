"""Moving a finished model file, with its data file, to where it is wanted, without reading the weights again."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import onnx

from onnxprune.errors import InputError
from onnxprune.graph.save import data_files_of


def publish(trial: Path, output: Path) -> list[Path]:
    """Move `trial`, on the same file system, to `output`; until the last step the old output stays whole.

    Returns the files written. Raises InputError where the folder can't be written.
    """
    try:
        data = data_files_of(trial)
        return _with_data(trial, output, data.pop()) if data else [_move(trial, output)]
    except OSError as error:
        raise InputError(f"{output}: can't be written ({error.strerror or error})") from None


def _move(trial: Path, output: Path) -> Path:
    stale = data_files_of(output)
    os.replace(trial, output)
    _remove(stale, output)
    return output


def _with_data(trial: Path, output: Path, data: Path) -> list[Path]:
    """The data file gets a name that no older file has; the model file, moved last, says which data is current."""
    name = f"{output.name}.data"
    if output.with_name(name).exists():
        name = f"{output.name}.{_digest(data)}.data"
    if name != data.name:
        _rename(trial, data.name, name)
    place = output.with_name(name)
    stale = data_files_of(output) - {place}
    os.replace(data, place)
    os.replace(trial, output)
    _remove(stale, output)
    return [output, place]


def _rename(model: Path, old: str, new: str) -> None:
    proto = onnx.ModelProto.FromString(model.read_bytes())
    for tensor in proto.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location" and entry.value == old:
                entry.value = new
    model.write_bytes(proto.SerializeToString())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _remove(stale: set[Path], output: Path) -> None:
    """Data files that only the replaced model used: those that bear its name."""
    for old in stale:
        if old.name.startswith(f"{output.name}."):
            old.unlink(missing_ok=True)
