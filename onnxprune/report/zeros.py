"""Zeros in the weights of a model: how many there are, and which patterns they follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from onnxprune.calibration import layers
from onnxprune.coupling import Analysis
from onnxprune.graph import is_sparse_matmul, packed_of, unpack
from onnxprune.report.model import Opened
from onnxprune.report.predicted import Gains, Predicted
from onnxprune.sparse import zeros_of


@dataclass(frozen=True, slots=True)
class SparseWeight:
    """A weight of a linear layer. outputs, inputs: of its matrix, for convolutions inputs times taps; sparsity,
    covered, follows: see `onnxprune.sparse.Zeros`; node: the op that multiplies with it; predicted: what sparse
    kernels gain by its zeros, None where it has none, or no kernel takes it"""

    name: str
    node: str
    outputs: int
    inputs: int
    sparsity: float
    covered: dict[str, float]
    follows: str
    predicted: Predicted | None = None


@dataclass(frozen=True, slots=True)
class ZeroSurvey:
    """path: of the model; size, zeros: elements of all weights of linear layers, and those that are zero"""

    path: str
    size: int
    zeros: int
    weights: list[SparseWeight]


def zeros(model: Opened) -> ZeroSurvey:
    """The zeros of all linear layers, in graph order, every stored tensor once; packed weights as they would be dense.

    Raises InputError where what is packed doesn't fit together.
    """
    found: dict[str, SparseWeight] = {}
    for name, node, matrix, predicted in _matrices(model.analysis, Gains(model.shapes)):
        if name not in found:
            seen = zeros_of(matrix)
            rows, columns = matrix.shape
            found[name] = SparseWeight(name, node, rows, columns, seen.sparsity, seen.covered, seen.follows, predicted)
    weights = list(found.values())
    size = sum(w.outputs * w.inputs for w in weights)
    return ZeroSurvey(str(model.path), size, round(sum(w.sparsity * w.outputs * w.inputs for w in weights)), weights)


def _matrices(analysis: Analysis, gains: Gains) -> Iterator[tuple[str, str, np.ndarray, Predicted | None]]:
    """The name of a weight, the node that multiplies with it, the weight [outputs, inputs], and what it gains."""
    named = {id(layer.node): layer for layer in layers(analysis)}
    for node in analysis.graph.nodes:
        if id(node) in named:
            layer = named[id(node)]
            weight = layer.weight()
            matrix = weight.reshape(weight.shape[0] * weight.shape[1], -1)
            told = f"{node.op} '{node.name or layer.name}'"
            yield str(layer.stored.name), told, matrix, gains.of_layer(layer, matrix)
        elif is_sparse_matmul(node):
            name, matrix = str(node.inputs[1].name).removesuffix(".values"), unpack(packed_of(node)).T
            yield name, f"{node.op} '{node.name}'", matrix, gains.of_node(node, matrix)
