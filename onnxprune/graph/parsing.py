"""From a file's bytes to protobuf."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError
from onnx import AttributeProto, GraphProto, ModelProto, TensorProto

from onnxprune.errors import InputError
from onnxprune.graph.files import Mapped, open_bytes
from onnxprune.graph.wire import outline


def parse_file(path: Path) -> tuple[ModelProto, Mapped]:
    """The protobuf of a file, its weights left out where they can be, and its bytes. Raises InputError."""
    file = open_bytes(path)
    proto = parse(file.data, str(path))
    file.give_back()
    return proto, file


def parse(data: np.ndarray, where: str, *, lean: bool = True) -> ModelProto:
    """The protobuf of a file's bytes; `lean`: without its weights, where they can be left out. Raises InputError."""
    if not data.size:
        raise InputError(f"{where}: not an ONNX file (it is empty)")
    proto = ModelProto()
    frame = outline(data.data) if lean else None
    try:
        proto.ParseFromString(data.tobytes() if frame is None else frame)
    except DecodeError:
        raise InputError(f"{where}: not an ONNX file, or cut short ({data.size} bytes)") from None
    return proto


def tensors_of(graph: GraphProto) -> Iterator[TensorProto]:
    """Every stored tensor of a graph, those of attributes and bodies included."""
    yield from graph.initializer
    yield from (part for sparse in graph.sparse_initializer for part in (sparse.values, sparse.indices))
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == AttributeProto.TENSOR:
                yield attribute.t
            elif attribute.type == AttributeProto.GRAPH:
                yield from tensors_of(attribute.g)
