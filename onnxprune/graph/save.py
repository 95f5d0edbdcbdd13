"""Saving: an interrupted save leaves the old model whole.

The model file is written under a temporary name, then renamed. Weights go into the file one after the other, so
that no second copy of them is ever in memory.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import onnx_graphsurgeon as gs
from onnx import TensorProto

from onnxprune.errors import InputError
from onnxprune.graph.assemble import assemble, movable
from onnxprune.graph.data_files import layout, own_data_files, write_data
from onnxprune.graph.model import Model, all_stored
from onnxprune.graph.ownership import owned
from onnxprune.graph.scratch import held, scratch_name
from onnxprune.graph.tensors import Raw, external_tensor, head, is_shorter_as_varints, size_of, write_tensor
from onnxprune.graph.wire import field

Chunk = bytes | memoryview | Raw

PROTOBUF_LIMIT = 2**31 - 2**20

_GRAPH, _INITIALIZER, _RAW_DATA = 7, 5, 9
"""Field numbers in onnx.proto: ModelProto.graph, GraphProto.initializer, TensorProto.raw_data."""


def save(model: Model, path: Path | str, external: bool | None = None) -> list[Path]:
    """Write the model; an interrupted save leaves the old file whole.

    external: put weights into a data file beside the model; None: where the source had them so, or above 2 GB.
    Returns the files written. Raises InputError where they can't be.
    """
    path = Path(path)
    total = sum(size_of(t) for t in all_stored(model))
    outside = external if external is not None else model.external or total > PROTOBUF_LIMIT
    if "\0" in str(path):
        raise InputError(f"{path}: can't be written (no file can be called so)")
    try:
        if path.is_dir():
            raise InputError(f"{path}: can't be written (is a folder)")
        stale = own_data_files(path)
        written = _write_external(model, path) if outside else [write_atomic(path, _inline(model))]
        for old in stale - set(written):
            old.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path}: can't be written ({error.strerror or error})") from None
    return written


def _inline(model: Model) -> list[Chunk]:
    """The bytes of the model file with its weights in it; those of bodies go through the protobuf."""
    owners = owned(model.graph, model.outer)
    main = owners[id(model.graph)]
    large = [t for t in movable(model, main) if not is_shorter_as_varints(t)]
    apart = {id(t) for t in large}
    proto = assemble(model, {**owners, id(model.graph): [t for t in main if id(t) not in apart]})
    chunks: list[Chunk] = [proto.graph.SerializeToString()]
    for tensor in large:
        raw = field(_RAW_DATA, [Raw(tensor)])
        chunks += field(_INITIALIZER, [head(tensor).SerializeToString(), *raw])
    proto.ClearField("graph")
    return [proto.SerializeToString(), *field(_GRAPH, chunks)]


def _write_external(model: Model, path: Path) -> list[Path]:
    places = layout(movable(model, all_stored(model)))
    offsets = {id(tensor): offset for tensor, offset in places}
    data = write_data(path, places)

    def write(tensor: gs.Constant) -> TensorProto:
        if id(tensor) not in offsets:
            return write_tensor(tensor)
        return external_tensor(tensor, data.name, offsets[id(tensor)])

    try:
        proto = assemble(model, owned(model.graph, model.outer), write)
        write_atomic(path, [proto.SerializeToString()])
    except BaseException:
        data.unlink(missing_ok=True)
        raise
    return [path, data]


def write_atomic(path: Path, chunks: Iterable[Chunk]) -> Path:
    """Write a file under a temporary name in its folder, then give it its name."""
    temporary = scratch_name(path.parent)
    try:
        with temporary.open("xb") as file, held(temporary):
            for chunk in chunks:
                file.writelines([chunk] if isinstance(chunk, (bytes, memoryview)) else chunk)
            file.flush()
            os.fsync(file.fileno())
            file.close()  # no system renames a file that somebody writes
            if path.exists():
                shutil.copymode(path, temporary)
            temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return path
