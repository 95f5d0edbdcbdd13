"""Tensors inside a serialized model as further outputs, without parsing or rewriting what is stored in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from onnxprune.errors import InputError


def exposing(names: Iterable[str]) -> bytes:
    """Bytes that, put behind a serialized model, make the named tensors of its outermost graph outputs.

    Protobuf merges a message that is spread over several pieces, so the second piece's outputs are appended to the
    first one's; a runtime infers their types.
    """
    outputs = [onnx.ValueInfoProto(name=name) for name in names]
    if not outputs:
        return b""
    data: bytes = onnx.ModelProto(graph=onnx.GraphProto(output=outputs)).SerializeToString()
    return data


def computed(model: Path | bytes) -> frozenset[str]:
    """The names of all tensors that nodes of the outermost graph make, and of its inputs.

    Raises InputError for what is no model.
    """
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(model if isinstance(model, bytes) else model.read_bytes())
    except (DecodeError, OSError) as error:
        raise InputError(f"not an ONNX model: {' '.join(str(error).split())}") from None
    made = {name for node in proto.graph.node for name in node.output if name}
    return frozenset(made | {value.name for value in proto.graph.input})
