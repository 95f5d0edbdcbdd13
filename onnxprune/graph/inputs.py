"""Further inputs of a model."""

from __future__ import annotations

from collections.abc import Iterable

import onnx_graphsurgeon as gs

from onnxprune.graph.exporting import declare
from onnxprune.graph.model import Model


def add_inputs(model: Model, tensors: Iterable[gs.Variable]) -> None:
    """Make tensors that nodes read, of known type and shape, inputs of the outermost graph."""
    for tensor in tensors:
        model.graph.inputs.append(tensor)
        model.header.graph.input.append(declare(tensor))
