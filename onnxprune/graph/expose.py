"""Tensors inside a serialized model as further outputs, without parsing or rewriting what is stored in it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from onnx import GraphProto, ModelProto, ValueInfoProto

from onnxprune.graph.parsing import parse, parse_file


def exposing(names: Iterable[str]) -> bytes:
    """Bytes that, put behind a serialized model, make the named tensors of its outermost graph outputs.

    Protobuf merges a message that is spread over several pieces, so the second piece's outputs are appended to the
    first one's; a runtime infers their types.
    """
    outputs = [ValueInfoProto(name=name) for name in names]
    if not outputs:
        return b""
    data: bytes = ModelProto(graph=GraphProto(output=outputs)).SerializeToString()
    return data


def computed(model: Path | bytes) -> frozenset[str]:
    """The names of all tensors that nodes of the outermost graph make, and of its inputs.

    Raises InputError for what is no model.
    """
    proto = parse(np.frombuffer(model, np.uint8), "model") if isinstance(model, bytes) else parse_file(model)[0]
    graph = proto.graph
    made = {name for node in graph.node for name in node.output if name}
    return frozenset(made | {value.name for value in graph.input})
