"""SparseMatMul nodes in the standard's own words: what runs where there is no plug-in, and computes every zero."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.graph.model import Model, graphs
from onnxprune.graph.packed import unpack
from onnxprune.graph.sparse_matmul import BIAS, DOMAIN, RESIDUAL, is_sparse_matmul, operand, packed_of


def spell_out(model: Model) -> int:
    """Replace every SparseMatMul node by MatMul, Add and what makes its activation, in place; how many.

    An int8 weight becomes float32, and its inputs aren't rounded any more. Raises InputError for a node whose arrays
    don't fit.
    """
    found = [(graph, node) for graph in graphs(model) for node in graph.nodes if is_sparse_matmul(node)]
    for graph, node in found:
        at = next(i for i, n in enumerate(graph.nodes) if n is node)
        graph.nodes[at : at + 1] = _Speller(node).nodes()
    if found:
        kept = [entry for entry in model.header.opset_import if entry.domain != DOMAIN]
        del model.header.opset_import[:]
        model.header.opset_import.extend(kept)
    return len(found)


def _dtype(node: gs.Node) -> type[np.floating[Any]]:
    """What a node computes in. Bytes don't tell; what surrounds them does, where it is known."""
    known = [t.dtype for t in (node.inputs[1], *node.inputs[:1], *node.inputs[BIAS:], *node.outputs)]
    return np.float16 if np.float16 in known else np.float32


class _Speller:
    """Writes the nodes of one SparseMatMul, each reading what the last one made."""

    def __init__(self, node: gs.Node) -> None:
        self._node = node
        self._made: list[gs.Node] = []
        self._dtype = _dtype(node)

    def nodes(self) -> list[gs.Node]:
        node, y = self._node, self._node.outputs[0]
        bias, residual = operand(node, BIAS), operand(node, RESIDUAL)
        weight = unpack(packed_of(node)).astype(self._dtype)
        value = self._apply("MatMul", node.inputs[0], gs.Constant(f"{node.name}.weight", weight))
        if bias is not None:
            value = self._apply("Add", value, bias)
        value = _ACTIVATIONS[node.attrs.get("activation", "none")](self, value)
        if residual is not None:
            value = self._apply("Add", value, residual)
        node.inputs.clear()
        node.outputs.clear()
        self._made[-1].outputs[0] = y
        return self._made

    def _apply(self, op: str, *inputs: gs.Tensor) -> gs.Tensor:
        name = f"{self._node.name}.{len(self._made)}"
        result = gs.Variable(name, self._dtype)
        self._made.append(gs.Node(op, name, {}, list(inputs), [result]))
        return result

    def _number(self, number: float) -> gs.Constant:
        return gs.Constant(f"{self._node.name}.{len(self._made)}.number", np.array(number, self._dtype))

    def none(self, v: gs.Tensor) -> gs.Tensor:
        return v

    def relu(self, v: gs.Tensor) -> gs.Tensor:
        return self._apply("Relu", v)

    def silu(self, v: gs.Tensor) -> gs.Tensor:
        return self._apply("Mul", v, self._apply("Sigmoid", v))

    def gelu_erf(self, v: gs.Tensor) -> gs.Tensor:
        """v (1 + erf(v / sqrt 2)) / 2."""
        share = self._apply("Erf", self._apply("Mul", v, self._number(math.sqrt(0.5))))
        return self._half(v, share)

    def gelu_tanh(self, v: gs.Tensor) -> gs.Tensor:
        """v (1 + tanh(sqrt(2 / pi) (v + 0.044715 v^3))) / 2."""
        cube = self._apply("Mul", v, self._apply("Mul", v, v))
        bent = self._apply("Add", v, self._apply("Mul", cube, self._number(0.044715)))
        share = self._apply("Tanh", self._apply("Mul", bent, self._number(math.sqrt(2 / math.pi))))
        return self._half(v, share)

    def _half(self, v: gs.Tensor, share: gs.Tensor) -> gs.Tensor:
        shifted = self._apply("Add", share, self._number(1))
        return self._apply("Mul", self._apply("Mul", v, shifted), self._number(0.5))


_ACTIVATIONS: dict[str, Callable[[_Speller, gs.Tensor], gs.Tensor]] = {
    "none": _Speller.none,
    "relu": _Speller.relu,
    "silu": _Speller.silu,
    "gelu_erf": _Speller.gelu_erf,
    "gelu_tanh": _Speller.gelu_tanh,
}
