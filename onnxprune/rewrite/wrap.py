"""Block-diagonal matrices around a layer: y = A (W (B x)) + b. The layer's own weight stays where it is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.calibration import Layer
from onnxprune.graph import Model
from onnxprune.graph.edit import read
from onnxprune.rewrite.diagonal import RANKS, Line

Array = np.ndarray

PRODUCTS = ("MatMul", "Gemm")

Shapes = Mapping[str, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Wrapper:
    """outer: the blocks of A [outputs / d, d, d], inner: of B [inputs / d, d, d], None for the identity; core: the
    weight between them, as stored, None where it stays as it is"""

    outer: Array | None = None
    inner: Array | None = None
    core: Array | None = None

    def __bool__(self) -> bool:
        return self.outer is not None or self.inner is not None


@dataclass(frozen=True, slots=True)
class Wrapped:
    """outer, inner: the stored tensors that hold the blocks, empty for the identity; params: their elements; macs: what
    they take in one inference"""

    outer: str
    inner: str
    params: int
    macs: float


def sides(layer: Layer, outputs: int, inputs: int, block: int) -> tuple[int, int]:
    """The sizes of blocks behind and in front of a layer of so many outputs and channels: `block`, or 0 where there can
    be none, for it doesn't divide them, or the layer is none that can be wrapped."""
    if not block or not _fits(layer):
        return 0, 0
    pixel = all(length == 1 for length in layer.kernel)  # a window mixes neighbours, which no B does
    return (0 if outputs % block else block), (0 if inputs % block or not pixel else block)


def _fits(layer: Layer) -> bool:
    node, shape = layer.node, layer.data.shape
    if layer.place or layer.groups > 1 or layer.stored.dtype != np.float32 or node.domain:
        return False
    return node.op == "Conv" or (node.op in PRODUCTS and shape is not None and len(shape) in RANKS)


def wrap(model: Model, wrappers: Mapping[str, Wrapper], shapes: Shapes | None = None) -> dict[str, Wrapped]:
    """Put layers between blocks, in place, by the names of their stored weights; returns where these blocks are.

    shapes: of tensors that the model leaves open; lengths that nobody knows count as 1
    """
    found: dict[str, Wrapped] = {}
    for node in list(model.graph.nodes):
        name = next((str(t.name) for t in node.inputs[1:2] if isinstance(t, gs.Constant)), "")
        if wrappers.get(name):
            found[name] = _Wrapping(model, node, shapes or {}).put(wrappers[name])
    return found


class _Wrapping:
    """One layer, and the nodes that come around it."""

    def __init__(self, model: Model, node: gs.Node, shapes: Shapes) -> None:
        self.model, self.node, self.shapes = model, node, shapes
        self.weight: gs.Constant = node.inputs[1]
        self.params, self.macs = 0, 0.0

    def put(self, wrapper: Wrapper) -> Wrapped:
        """All of it."""
        if wrapper.core is not None:
            self.weight.values = wrapper.core
        inner = self._in_front(wrapper.inner) if wrapper.inner is not None else ""
        outer = self._behind(wrapper.outer) if wrapper.outer is not None else ""
        return Wrapped(outer, inner, self.params, self.macs)

    def _in_front(self, blocks: Array) -> str:
        x, name = self.node.inputs[0], self._free("inner")
        self._count(x, blocks)
        made = gs.Variable(f"{name}/made", x.dtype, x.shape)
        nodes = self._line(name, x, blocks, None).ending(made)
        read(self.node, 0, made)
        self._insert(nodes, 0)
        return name

    def _behind(self, blocks: Array) -> str:
        """The bias moves behind the blocks."""
        y, name = self.node.outputs[0], self._free("outer")
        self._count(y, blocks)
        made = gs.Variable(f"{name}/core", y.dtype, y.shape)
        bias = self._bias(name, blocks.shape[0] * blocks.shape[1])
        self.node.outputs[0] = made
        self._insert(self._line(name, made, blocks, bias).ending(y), 1)
        return name

    def _line(self, name: str, x: gs.Tensor, blocks: Array, bias: gs.Constant | None) -> Line:
        line = Line(x, name, self.model.opset)
        if self.node.op == "Conv":
            line.convolution(blocks, bias, len(self.weight.shape) - 2)
        else:
            line.product(blocks, bias)
        return line

    def _bias(self, name: str, size: int) -> gs.Constant | None:
        """The vector that the node adds, taken from it."""
        node = self.node
        if node.op == "MatMul" or len(node.inputs) < 3 or node.inputs[2].is_empty():
            return None
        stored: gs.Constant = node.inputs[2]
        beta = float(node.attrs.pop("beta", 1.0)) if node.op == "Gemm" else 1.0
        node.inputs.pop()
        if beta == 1 and tuple(stored.shape) == (size,):
            return stored
        values = np.asarray(stored.values) * stored.dtype.type(beta)
        return gs.Constant(f"{name}/bias", np.ascontiguousarray(np.broadcast_to(values.reshape(-1), size)))

    def _count(self, tensor: gs.Tensor, blocks: Array) -> None:
        """Take in what blocks cost on a tensor."""
        self.params += blocks.size
        known, axis = self.shapes.get(str(tensor.name)), 1 if self.node.op == "Conv" else -1
        lengths = [
            d if isinstance(d, int) else known[at] if known is not None and len(known) > at else 1
            for at, d in enumerate(tensor.shape or ())
        ]
        if lengths:
            del lengths[axis]
        self.macs += float(math.prod(lengths)) * blocks.size

    def _free(self, what: str) -> str:
        """A name that nothing in the graph has, nor anything that begins with it."""
        names = {str(t.name) for node in self.model.graph.nodes for t in (*node.inputs, *node.outputs)}
        name = f"{self.weight.name}/{what}"
        while any(other.startswith(name) for other in names):
            name += "_"
        return name

    def _insert(self, nodes: list[gs.Node], after: int) -> None:
        graph = self.model.graph
        at = next(k for k, other in enumerate(graph.nodes) if other is self.node) + after
        graph.nodes[at:at] = nodes
