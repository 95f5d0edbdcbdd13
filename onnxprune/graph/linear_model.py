"""Models of a few equal linear layers, to be timed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from onnxprune.graph.io import from_proto
from onnxprune.graph.model import Model

Array = np.ndarray

_OPSET, _IR = 17, 8


@dataclass(frozen=True, slots=True)
class Linear:
    """The shapes of a linear layer.

    op: MatMul, Gemm or Conv; data: the shape of what it reads, channels of a convolution in axis 1, else last; outputs:
    how many it makes; bias: whether it adds a vector, or a node behind it does; kernel: of a convolution that looks at
    more than one pixel. That is timed without steps, and padded so that it makes as many pixels as it reads: data is as
    large as what the layer makes. outer, inner: the sizes of the blocks of block-diagonal matrices behind it and in
    front of it where it is sparse, 0 for none.
    """

    op: str
    data: tuple[int, ...]
    outputs: int
    bias: bool = True
    kernel: tuple[int, ...] = ()
    outer: int = 0
    inner: int = 0

    @property
    def inputs(self) -> int:
        """How many numbers an output is the sum of."""
        return self.channels * math.prod(self.kernel)

    @property
    def channels(self) -> int:
        """Length of the axis that is summed over."""
        return self.data[1] if self.op == "Conv" else self.data[-1]

    @property
    def window(self) -> tuple[int, ...]:
        """The kernel of a convolution, spelled out."""
        return self.kernel or (1,) * (len(self.data) - 2)

    @property
    def rows(self) -> int:
        """Vectors of inputs in one call: tokens, or pixels."""
        return math.prod(self.data) // max(self.channels, 1)

    @property
    def named(self) -> str:
        """As `MatMul 1x128x768 3072 bias`."""
        wrapped = f" wrapped {self.outer}+{self.inner}" if self.outer or self.inner else ""
        more = f"{' bias' if self.bias else ''}{wrapped}"
        kernel = f" {'x'.join(map(str, self.kernel))}" if self.kernel else ""
        return f"{self.op}{kernel} {'x'.join(map(str, self.data))} {self.outputs}{more}"


def linear_model(linear: Linear, weights: Sequence[Array], back: Array | None = None) -> Model:
    """A model of as many layers as there are weights [outputs, inputs], all named `w0`, `w1`, ...

    Products read the one input x side by side. Convolutions make a chain, each with one back to the former channels by
    the weight `back` [channels, outputs] behind it: by themselves they would pay for the layout of their neighbours.
    """
    makers = [_step(linear, number, chained=back is not None) for number in range(len(weights))]
    stored = [_tensor(f"w{number}", _as_stored(linear, weight)) for number, weight in enumerate(weights)]
    if linear.bias:
        stored.append(_tensor("b", np.zeros(linear.outputs, np.float32)))
    if back is not None:
        stored.append(_tensor("back", back.reshape(*back.shape, *(1 for _ in linear.window))))
    made = [f"r{len(weights) - 1}"] if back is not None else [f"y{number}" for number in range(len(weights))]
    shape = linear.data if back is not None else (*linear.data[:-1], linear.outputs)
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in made]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, linear.data)]
    graph = helper.make_graph([node for nodes in makers for node in nodes], "layers", inputs, outputs, stored)
    imports = [helper.make_opsetid("", _OPSET)]
    return from_proto(helper.make_model(graph, opset_imports=imports, ir_version=_IR))


def _step(linear: Linear, number: int, *, chained: bool) -> list[onnx.NodeProto]:
    """The nodes of one layer."""
    w, y = f"w{number}", f"y{number}"
    if linear.op == "Conv":
        before = "x" if number == 0 or not chained else f"r{number - 1}"
        pads = [*((length - 1) // 2 for length in linear.window), *(length // 2 for length in linear.window)]
        there = helper.make_node("Conv", [before, w, *(["b"] if linear.bias else [])], [y], f"conv{number}", pads=pads)
        return [there, helper.make_node("Conv", [y, "back"], [f"r{number}"], f"back{number}")] if chained else [there]
    if linear.op == "Gemm":
        return [helper.make_node("Gemm", ["x", w, *(["b"] if linear.bias else [])], [y], f"gemm{number}")]
    if not linear.bias:
        return [helper.make_node("MatMul", ["x", w], [y], f"matmul{number}")]
    product = helper.make_node("MatMul", ["x", w], [f"p{number}"], f"matmul{number}")
    return [product, helper.make_node("Add", [f"p{number}", "b"], [y], f"add{number}")]


def _as_stored(linear: Linear, weight: Array) -> Array:
    if linear.op == "Conv":
        return weight.reshape(linear.outputs, linear.channels, *linear.window)
    return np.ascontiguousarray(weight.T)


def _tensor(name: str, values: Array) -> TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name)
