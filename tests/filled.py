"""Models with weights of one's own."""

from __future__ import annotations

import numpy as np
from onnx import numpy_helper

from onnxprune.graph import Model, from_proto, normalize
from tests.oracle import build


def filled(text: str, **values: np.ndarray) -> Model:
    """A normalised model from ONNX text, with these values in its stored tensors, in any shape of the right size."""
    proto = build(text)
    for tensor in proto.graph.initializer:
        if tensor.name in values:
            array = values[tensor.name].reshape(tuple(tensor.dims)).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return normalize(from_proto(proto))
