"""Making the nodes that stand around one node of a graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import ml_dtypes
import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.errors import InputError

BFLOAT16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
_BFLOAT16 = 16
"""ONNX's number for a type that onnx-graphsurgeon names by number only."""

_AXES_AS_INPUT = {"ReduceSum": 13}
_AXES_AS_INPUT_ELSE = 18


class Unmaskable(InputError):
    """There is no masked form of a node, for the reason that the text gives."""


def element(tensor: gs.Tensor) -> np.dtype[Any]:
    """The element type of a tensor; float32 where nothing is known of it. Raises Unmaskable for types below a byte."""
    if tensor.dtype is None:
        return np.dtype(np.float32)
    if isinstance(tensor.dtype, int):
        if tensor.dtype != _BFLOAT16:
            raise Unmaskable(f"'{tensor.name}' has an element type that can't be masked")
        return BFLOAT16
    known: np.dtype[Any] = np.dtype(tensor.dtype)
    return known


def describe(node: gs.Node) -> str:
    """A node as messages name it."""
    return f"{node.op} '{node.name or label(node)}'"


def label(node: gs.Node) -> str:
    """A name that no other node of the same graph has."""
    return next((str(t.name) for t in node.outputs if not t.is_empty()), str(node.name))


class Nodes:
    """Nodes to put in front of one node, and behind it.

    opset: of the standard domain. Tensors get names that start with the node's first output.
    """

    def __init__(self, node: gs.Node, opset: int) -> None:
        self.node = node
        self.opset = opset
        self.front: list[gs.Node] = []
        self.behind: list[gs.Node] = []
        self._base = f"{label(node)}/kept"
        self._number = 0

    def constant(self, values: Any, dtype: Any = None) -> gs.Constant:
        """A stored tensor."""
        return gs.Constant(self._name(), np.asarray(values, dtype))

    def make(self, op: str, inputs: Iterable[gs.Tensor], dtype: Any, **attrs: Any) -> gs.Variable:
        """A node in front, and its only output."""
        name = self._name()
        made = gs.Variable(name, dtype)
        self.front.append(gs.Node(op, name, attrs, list(inputs), [made]))
        return made

    def reduce(self, op: str, x: gs.Tensor, axes: Sequence[int]) -> gs.Variable:
        """A reduction that keeps its axes, as axes of size 1."""
        if self.opset >= _AXES_AS_INPUT.get(op, _AXES_AS_INPUT_ELSE):
            return self.make(op, [x, self.constant(list(axes), np.int64)], x.dtype, keepdims=1)
        return self.make(op, [x], x.dtype, keepdims=1, axes=list(axes))

    def replace(self, outputs: Sequence[gs.Tensor | None]) -> None:
        """Let the made tensors stand for the node's outputs, and take the node out."""
        wanted = list(self.node.outputs)
        self.node.inputs.clear()
        self.node.outputs.clear()
        for old, new in zip(wanted, outputs, strict=False):
            if new is not None and not old.is_empty():
                self.front.append(gs.Node("Identity", f"{self._name()}", {}, [new], [old]))

    def rescale(self, factor: gs.Tensor) -> None:
        """Multiply the node's only output by a number, under the output's name."""
        made = self.node.outputs[0]
        raw = gs.Variable(self._name(), made.dtype, made.shape)
        self.node.outputs[0] = raw
        times = gs.Node("Mul", self._name(), {}, [raw, factor], [made])
        self.behind.append(times)

    def _name(self) -> str:
        self._number += 1
        return f"{self._base}{self._number}"


def splice(graph: gs.Graph, around: dict[int, Nodes]) -> None:
    """Put the made nodes around theirs, in place; a node without outputs left has been replaced. Bodies too."""
    placed: list[gs.Node] = []
    for node in graph.nodes:
        for value in node.attrs.values():
            if isinstance(value, gs.Graph):
                splice(value, around)
        made = around.get(id(node))
        if made is None:
            placed.append(node)
            continue
        placed += [*made.front, *([node] if node.outputs else []), *made.behind]
    graph.nodes = placed
