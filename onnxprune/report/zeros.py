"""Zeros in the weights of a model: how many there are, and which patterns they follow."""

from __future__ import annotations

from dataclasses import dataclass

from onnxprune.calibration import layers
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
    """The zeros of all linear layers, in graph order, every stored tensor once."""
    found: dict[str, SparseWeight] = {}
    for layer in layers(model.analysis):
        if layer.stored.name not in found:
            weight = layer.weight()
            matrix = weight.reshape(weight.shape[0] * weight.shape[1], -1)
            seen = zeros_of(matrix)
            name, op = str(layer.stored.name), f"{layer.node.op} '{layer.node.name or layer.name}'"
            found[name] = SparseWeight(name, op, *matrix.shape, seen.sparsity, seen.covered, seen.follows)
    weights = list(found.values())
    size = sum(w.outputs * w.inputs for w in weights)
    return ZeroSurvey(str(model.path), size, round(sum(w.sparsity * w.outputs * w.inputs for w in weights)), weights)
