"""The data file beside a model: where tensors lie in it, what it is called, and which old ones go."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import onnx_graphsurgeon as gs

from onnxprune.errors import InputError
from onnxprune.graph.parsing import parse_file, tensors_of
from onnxprune.graph.tensors import FileValues, Raw, size_of
from onnxprune.graph.wire import SELF

PAGE = 4096

Place = tuple[gs.Constant, int]
"""A tensor and its offset in bytes."""


def layout(tensors: Sequence[gs.Constant]) -> list[Place]:
    """Where each tensor goes, without gaps, each aligned to the largest power of two (up to a page) in its size.

    Those with the larger powers come first, so that no gap is needed. Tensors that share their memory share a place.
    """
    placed: dict[tuple[object, ...], int] = {}
    places: list[Place] = []
    end = 0
    for tensor in sorted(tensors, key=lambda t: -_power(size_of(t))):
        memory = _memory(tensor)
        if memory not in placed:
            placed[memory] = end
            end += size_of(tensor)
        places.append((tensor, placed[memory]))
    return places


def _memory(tensor: gs.Constant) -> tuple[object, ...]:
    """What two tensors have in common only if their bytes are the same ones."""
    values = tensor._values
    raw = values.raw if isinstance(values, FileValues) else values
    return raw.ctypes.data, tuple(tensor.shape), raw.strides, str(tensor.dtype)


def _power(size: int) -> int:
    return min(size & -size, PAGE)


def write_data(path: Path, places: Sequence[Place]) -> Path:
    """Write a data file for the model at `path`, under a name that no file has: until a model file names it, it is
    nobody's. Returns its path."""
    data = claim(path)
    try:
        with data.open("r+b") as file:
            for tensor, offset in places:
                if offset == file.tell():
                    file.writelines(Raw(tensor))
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        data.unlink(missing_ok=True)
        raise
    return data


def claim(path: Path) -> Path:
    """A fresh, empty data file for the model at `path`: `model.onnx.data`, `model.onnx.1.data`, ..."""
    for number in count():
        data = path.with_name(f"{path.name}.{number}.data" if number else f"{path.name}.data")
        try:
            data.open("xb").close()
        except FileExistsError:
            continue
        return data
    raise AssertionError("there is always another number")


def data_files_of(path: Path) -> set[Path]:
    """Data files that the model at `path` refers to; none where there is no model."""
    if not path.is_file():
        return set()
    try:
        graph = parse_file(path)[0].graph
        names = {e.value for t in tensors_of(graph) for e in t.external_data if e.key == "location"}
    except (InputError, UnicodeDecodeError):
        return set()
    return {path.parent / name for name in names - {SELF, ""}}


def own_data_files(path: Path) -> set[Path]:
    """Data files of the model at `path` that are named after it, so that they go when it is replaced."""
    return {f for f in data_files_of(path) if f.parent == path.parent and f.name.startswith(f"{path.name}.")}
