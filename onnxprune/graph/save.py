"""Saving: the header of the source file, the graph's nodes, and the stored tensors, written atomically."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
import onnx_graphsurgeon as gs
from onnx import helper, numpy_helper
from onnx_graphsurgeon.exporters.onnx_exporter import OnnxExporter

from onnxprune.errors import InputError
from onnxprune.graph.external import packed_bytes
from onnxprune.graph.io import INLINE_BYTES, Model
from onnxprune.graph.ownership import bodies_of, owned

PROTOBUF_LIMIT = 2**31 - 2**20
ALIGNMENT = 4096


def stored(model: Model) -> list[gs.Constant]:
    """The stored tensors of the outermost graph, each once, in order of use."""
    return owned(model.graph, model.outer)[id(model.graph)]


def all_stored(model: Model) -> list[gs.Constant]:
    """The stored tensors of the graph and of all bodies inside it."""
    return [t for tensors in owned(model.graph, model.outer).values() for t in tensors]


def skeleton(model: Model) -> onnx.ModelProto:
    """The model without large stored tensors, which are declared as inputs: for shape inference and the checker."""
    proto = _assemble(model)
    proto.graph.value_info.extend(_told(model.graph))
    for tensor in stored(model):
        values = tensor.values
        if values.nbytes <= INLINE_BYTES:
            proto.graph.initializer.append(numpy_helper.from_array(np.asarray(values), tensor.name))
        elif all(tensor.name != v.name for v in proto.graph.input):
            element = helper.np_dtype_to_tensor_dtype(values.dtype)
            proto.graph.input.append(helper.make_tensor_value_info(tensor.name, element, values.shape))
    return proto


def _told(graph: gs.Graph) -> Iterator[onnx.ValueInfoProto]:
    """Shapes of reshaped tensors: what normalisation found out about open lengths, inference can't."""
    outputs = {t.name for t in graph.outputs}
    for node in graph.nodes:
        tensor = node.outputs[0] if node.outputs else None
        if node.op == "Reshape" and tensor is not None and tensor.name not in outputs and tensor.dtype and tensor.shape:
            element = helper.np_dtype_to_tensor_dtype(np.dtype(tensor.dtype))
            dims = [None if isinstance(d, str) and d.startswith("unk__") else d for d in tensor.shape]
            yield helper.make_tensor_value_info(tensor.name, element, dims)


def _assemble(model: Model) -> onnx.ModelProto:
    proto = onnx.ModelProto()
    proto.CopyFrom(model.header)
    proto.graph.node.extend(OnnxExporter.export_node(node) for node in model.graph.nodes)
    _fill_bodies(proto.graph, model.graph, owned(model.graph, model.outer))
    return proto


def _fill_bodies(proto: onnx.GraphProto, graph: gs.Graph, owners: dict[int, list[gs.Constant]]) -> None:
    """The exporter gives a body a copy of every stored tensor that it reads; leave it those that are its own."""
    for node_proto, node in zip(proto.node, graph.nodes, strict=True):
        attributes = [a for a in node_proto.attribute if a.type == onnx.AttributeProto.GRAPH]
        for attribute, body in zip(attributes, bodies_of(node), strict=True):
            del attribute.g.initializer[:]
            attribute.g.initializer.extend(
                numpy_helper.from_array(np.asarray(t.values), t.name) for t in owners[id(body)]
            )
            _fill_bodies(attribute.g, body, owners)


def to_proto(model: Model) -> onnx.ModelProto:
    """The whole model as one protobuf (up to 2 GB)."""
    proto = _assemble(model)
    proto.graph.initializer.extend(numpy_helper.from_array(np.asarray(t.values), t.name) for t in stored(model))
    _resize_declared(proto)
    return proto


def _resize_declared(proto: onnx.ModelProto) -> None:
    """Inputs that declare a stored tensor (IR version 3) follow its shape."""
    dims = {t.name: list(t.dims) for t in proto.graph.initializer}
    for value in proto.graph.input:
        if value.name in dims:
            element = value.type.tensor_type.elem_type
            value.CopyFrom(helper.make_tensor_value_info(value.name, element, dims[value.name]))


def save(model: Model, path: Path | str, external: bool | None = None) -> list[Path]:
    """Write the model; an interrupted save leaves the old file whole.

    external: put weights into a data file beside the model; None: where the source had them so, or above 2 GB.
    Returns the files written. Raises InputError where the folder can't be written.
    """
    path = Path(path)
    total = sum(t.values.nbytes for t in stored(model))
    outside = external if external is not None else model.external or total > PROTOBUF_LIMIT
    try:
        return _write_external(model, path) if outside else [_write_atomic(path, [to_proto(model).SerializeToString()])]
    except OSError as error:
        raise InputError(f"{path}: can't be written ({error.strerror or error})") from None


def _write_atomic(path: Path, chunks: Iterable[bytes | memoryview]) -> Path:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return path


def _write_external(model: Model, path: Path) -> list[Path]:
    """The data file gets a name that no older file has, so that the model file alone decides which data is current."""
    tensors = stored(model)
    big = [t for t in tensors if t.values.nbytes > INLINE_BYTES]
    data = path.with_name(f"{path.name}.data")
    if data.exists():
        data = path.with_name(f"{path.name}.{_digest(big)}.data")
    proto = _assemble(model)
    offset = 0
    for tensor in tensors:
        if tensor.values.nbytes <= INLINE_BYTES:
            proto.graph.initializer.append(numpy_helper.from_array(np.asarray(tensor.values), tensor.name))
            continue
        stub, length = _stub(tensor, data.name, offset)
        proto.graph.initializer.append(stub)
        offset = _aligned(offset + length)
    _resize_declared(proto)
    stale = data_files_of(path)
    _write_atomic(data, _chunks(big))
    _write_atomic(path, [proto.SerializeToString()])
    for old in stale - {data}:
        if old.name.startswith(path.name + "."):
            old.unlink(missing_ok=True)
    return [path, data]


def _stub(tensor: gs.Constant, location: str, offset: int) -> tuple[onnx.TensorProto, int]:
    element = helper.np_dtype_to_tensor_dtype(tensor.values.dtype)
    length = packed_bytes(element, tensor.values.size)
    stub = onnx.TensorProto(name=tensor.name, data_type=element, dims=tensor.values.shape)
    stub.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", length)):
        stub.external_data.add(key=key, value=str(value))
    return stub, length


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT


def _chunks(tensors: list[gs.Constant]) -> Iterator[bytes]:
    for tensor in tensors:
        raw = _raw(tensor)
        yield raw
        yield b"\0" * (_aligned(len(raw)) - len(raw))


def _raw(tensor: gs.Constant) -> bytes:
    raw: bytes = numpy_helper.from_array(np.asarray(tensor.values), tensor.name).raw_data
    return raw


def _digest(tensors: list[gs.Constant]) -> str:
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(_raw(tensor))
    return digest.hexdigest()[:12]


def data_files_of(path: Path) -> set[Path]:
    """Data files that the model now at `path` refers to."""
    if not path.is_file():
        return set()
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(path.read_bytes())
    except Exception:  # whatever is there, it is not a model of ours
        return set()
    names = {e.value for t in proto.graph.initializer for e in t.external_data if e.key == "location"}
    return {path.with_name(name) for name in names if Path(name).name == name}
