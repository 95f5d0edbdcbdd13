"""Zeros in the weights of a model: how many there are, and which patterns they follow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from onnxprune.calibration import layers
from onnxprune.coupling import Analysis
from onnxprune.graph import is_sparse_matmul, packed_of, unpack
from onnxprune.report.model import Opened
from onnxprune.sparse import zeros_of


@dataclass(frozen=True, slots=True)
class SparseWeight:
    """A weight of a linear layer. outputs, inputs: of its matrix, for convolutions inputs times taps; sparsity,
    covered, follows: see `onnxprune.sparse.Zeros`; node: the op that multiplies with it"""

    name: str
    node: str
    outputs: int
    inputs: int
    sparsity: float
    covered: dict[str, float]
    follows: str


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
    for name, node, matrix in _matrices(model.analysis):
        if name not in found:
            seen = zeros_of(matrix)
            outputs, inputs = matrix.shape
            found[name] = SparseWeight(name, node, outputs, inputs, seen.sparsity, seen.covered, seen.follows)
    weights = list(found.values())
    size = sum(w.outputs * w.inputs for w in weights)
    return ZeroSurvey(str(model.path), size, round(sum(w.sparsity * w.outputs * w.inputs for w in weights)), weights)


def _matrices(analysis: Analysis) -> Iterator[tuple[str, str, np.ndarray]]:
    """The name of a weight, the node that multiplies with it, and the weight [outputs, inputs]."""
    named = {id(layer.node): layer for layer in layers(analysis)}
    for node in analysis.graph.nodes:
        if id(node) in named:
            layer = named[id(node)]
            weight = layer.weight()
            matrix = weight.reshape(weight.shape[0] * weight.shape[1], -1)
            yield str(layer.stored.name), f"{node.op} '{node.name or layer.name}'", matrix
        elif is_sparse_matmul(node):
            name = str(node.inputs[1].name).removesuffix(".values")
            yield name, f"{node.op} '{node.name}'", unpack(packed_of(node)).T
