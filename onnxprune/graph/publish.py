"""Moving a finished model file, with its data file, to where it is wanted, without reading the weights again."""

from __future__ import annotations

import os
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.graph.data_files import claim, data_files_of, own_data_files
from onnxprune.graph.parsing import parse_file, tensors_of
from onnxprune.graph.scratch import journal


def publish(trial: Path, output: Path) -> list[Path]:
    """Move `trial`, a model of the same name in a scratch folder beside `output`, to `output`.

    Until the last step the old output stays whole; what a process that is killed leaves, the next one sweeps.
    Returns the files written. Raises InputError where the folder can't be written.
    """
    try:
        stale = own_data_files(output)
        data = data_files_of(trial)
        written = [output, _move_data(trial, data.pop(), output, stale)] if data else [output]
        os.replace(trial, output)
        for old in stale - set(written):
            old.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{output}: can't be written ({error.strerror or error})") from None
    return written


def _move_data(trial: Path, data: Path, output: Path, stale: set[Path]) -> Path:
    """The data file gets a name that no older file has; the model file, moved last, says which data is current."""
    place = claim(output)
    journal(trial.parent, trial.name, place.name, sorted(old.name for old in stale))
    if place.name != data.name:
        _rename(trial, data.name, place.name)
    os.replace(data, place)
    return place


def _rename(model: Path, old: str, new: str) -> None:
    """Make a model file, whose weights are all in the data file, name it anew."""
    proto, _ = parse_file(model)
    for tensor in tensors_of(proto.graph):
        for entry in tensor.external_data:
            if entry.key == "location" and entry.value == old:
                entry.value = new
    model.write_bytes(proto.SerializeToString())


def name_data(model: Path, name: str) -> None:
    """Give the only data file of a model another name, which no file has, in a folder where nobody looks meanwhile."""
    (data,) = data_files_of(model)
    _rename(model, data.name, name)
    os.replace(data, data.with_name(name))
