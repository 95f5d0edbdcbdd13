"""Stored floats that lie inside a serialized model, changed by what rounding may make of them.

Large weights of the outermost graph are fed to the reference and need no help; bodies of If, Loop and Scan hold theirs
themselves, and so do quantisers their scales.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from onnx import GraphProto, TensorProto, numpy_helper

from onnxprune.graph.parsing import parse

QUANTISED = ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "QLinear", "QGemm")
"""Beginnings of the names of ops whose stored floats are scales (and biases)."""

BODIES = ("then_branch", "else_branch", "body")
"""Names of the attributes that hold graphs."""

FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16)


def with_disturbed_constants(model: bytes, change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> bytes:
    """The model with every scale and every float in a body changed; others as they are."""
    if not any(name.encode() in model for name in (*QUANTISED, *BODIES)):
        return model
    proto = parse(np.frombuffer(model, np.uint8), "model")
    read = _read(proto.graph)
    inside = [t for body in _bodies(proto.graph) for t in body.initializer]
    for tensor in [t for t in proto.graph.initializer if t.name in read] + inside:
        if tensor.data_type in FLOATS:
            tensor.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(tensor)), tensor.name))
    data: bytes = proto.SerializeToString()
    return data


def _read(graph: GraphProto) -> set[str]:
    return {name for node in graph.node if node.op_type.startswith(QUANTISED) for name in node.input}


def _bodies(graph: GraphProto) -> Iterator[GraphProto]:
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield attribute.g
                yield from _bodies(attribute.g)
