"""Linear layers: nodes that multiply a computed tensor with a stored matrix or kernel.

That is where units are consumed, what statistics of activations are collected for, and what a repair may change. Every
layer shows its weight in one form, whatever its op:

    weight  [groups, outputs, units, taps]    outputs and units are those of one group, taps the kernel's positions

and what it computes, at one position of one sample, as `output = weight . columns + bias`, with columns
[groups, units, taps].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.coupling import Analysis
from onnxprune.coupling.binding import Binding
from onnxprune.coupling.terms import Term

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Layer:
    """One linear node.

    binding: the node and its terms; place: which operand is computed; axis: that operand's axis that is summed over;
    out: the output's axis of what is made. Shrinking changes the node in place, and what the layer shows with it.
    """

    binding: Binding
    place: int
    axis: int
    out: int
    form: Form

    @property
    def node(self) -> gs.Node:
        return self.binding.node

    @property
    def name(self) -> str:
        """The name of its output, which no other node has."""
        return str(self.node.outputs[0].name)

    @property
    def data(self) -> gs.Tensor:
        """What it reads."""
        return self.node.inputs[self.place]

    @property
    def stored(self) -> gs.Constant:
        """What it multiplies with."""
        return self.node.inputs[1 - self.place]

    @property
    def shares(self) -> bool:
        """Whether others read what it multiplies with, as a table of words that is the last layer too."""
        return len(self.stored.outputs) > 1

    @property
    def units(self) -> Term:
        """The term of the axis that it sums over."""
        return (self.binding.inputs[self.place] or ())[self.axis]

    @property
    def made(self) -> Term:
        """The term of the axis that it makes."""
        return (self.binding.outputs[0] or ())[self.out]

    @property
    def groups(self) -> int:
        """As of a grouped convolution."""
        return int(self.node.attrs.get("group", 1)) if self.node.op in CONVOLUTIONS else 1

    @property
    def kernel(self) -> tuple[int, ...]:
        """The spatial lengths of a convolution's kernel."""
        return tuple(self.stored.shape[2:]) if self.node.op in CONVOLUTIONS else ()

    @property
    def scale(self) -> float:
        """What Gemm multiplies its product with."""
        return float(self.node.attrs.get("alpha", 1.0)) if self.node.op in GEMMS else 1.0

    @property
    def beta(self) -> float:
        """What Gemm multiplies its bias with."""
        return float(self.node.attrs.get("beta", 1.0)) if self.node.op in GEMMS else 1.0

    def weight(self) -> Array:
        """The weight [groups, outputs, units, taps], in the type that it is stored in."""
        weight = self.form.read(np.asarray(self.stored.values), self.groups)
        return weight if self.scale == 1 else weight * weight.dtype.type(self.scale)

    @property
    def bias(self) -> Array:
        """The vector [outputs] that the node itself adds."""
        stored = self.node.inputs[2] if len(self.node.inputs) > 2 and not self.node.inputs[2].is_empty() else None
        size = self.groups * self.weight().shape[1]
        if stored is None or self.node.op == "MatMul":
            return np.zeros(size)
        return np.broadcast_to(np.asarray(stored.values, np.float64).reshape(-1) * self.beta, size)

    def like_stored(self, weight: Array) -> Array:
        """A weight [groups, outputs, units, taps] of this layer in the form that it is stored in."""
        values = np.asarray(self.stored.values)
        return np.ascontiguousarray(self.form.write(weight / self.scale, values.shape), dtype=values.dtype)


@dataclass(frozen=True, slots=True)
class Form:
    """How a weight is stored. read: (stored, groups) -> [groups, outputs, units, taps]; write: back to a shape."""

    read: Callable[[Array, int], Array]
    write: Callable[[Array, tuple[int, ...]], Array]


CONVOLUTION = Form(
    lambda w, g: w.reshape(g, w.shape[0] // g, w.shape[1], -1),
    lambda w, shape: w.reshape(shape),
)
TRANSPOSED = Form(
    lambda w, g: w.reshape(g, w.shape[0] // g, w.shape[1], -1).transpose(0, 2, 1, 3),
    lambda w, shape: w.transpose(0, 2, 1, 3).reshape(shape),
)
ROWS = Form(lambda w, g: w[None, :, :, None], lambda w, shape: w.reshape(shape))
COLUMNS = Form(lambda w, g: w.T[None, :, :, None], lambda w, shape: w[0, :, :, 0].T.reshape(shape))

CONVOLUTIONS = {"Conv": CONVOLUTION, "FusedConv": CONVOLUTION, "ConvTranspose": TRANSPOSED}
GEMMS = ("Gemm", "FusedGemm")


def layers(analysis: Analysis) -> list[Layer]:
    """The linear layers of the outermost graph with a stored weight of floats, in graph order."""
    outermost = {id(node) for node in analysis.graph.nodes}
    found = (_layer(b) for b in analysis.bindings if id(b.node) in outermost)
    return [layer for layer in found if layer is not None]


def _layer(binding: Binding) -> Layer | None:
    node = binding.node
    stored = [_is_weight(t) for t in node.inputs[:2]]
    if "activation" in node.attrs or not _adds_a_vector(node):  # what it makes isn't linear in what it reads
        return None
    if sorted(stored) != [False, True] or binding.outputs[0] is None or binding.inputs[stored.index(False)] is None:
        return None
    place, rank = stored.index(False), len(node.inputs[stored.index(True)].shape)
    if node.op in CONVOLUTIONS:
        return Layer(binding, 0, 1, 1, CONVOLUTIONS[node.op]) if place == 0 else None
    if rank != 2:
        return None
    if node.op in GEMMS and place == 0 and not node.attrs.get("transA", 0):
        return Layer(binding, 0, 1, 1, ROWS if node.attrs.get("transB", 0) else COLUMNS)
    if node.op == "MatMul":
        last, made = len(binding.inputs[place] or ()) - 1, len(binding.outputs[0]) - 1
        return Layer(binding, 0, last, made, COLUMNS) if place == 0 else _from_left(binding, last, made)
    return None


def _from_left(binding: Binding, last: int, made: int) -> Layer | None:
    """A stored matrix times a computed one, which is summed over its rows."""
    return Layer(binding, 1, last - 1, made - 1, ROWS) if last > 0 else None


def _is_weight(tensor: gs.Tensor) -> bool:
    return isinstance(tensor, gs.Constant) and tensor.dtype in (np.float16, np.float32, np.float64)


def _adds_a_vector(node: gs.Node) -> bool:
    """Whether a third operand is stored and the same at every position."""
    if node.op == "MatMul" or len(node.inputs) < 3 or node.inputs[2].is_empty():
        return len(node.inputs) < 4
    bias = node.inputs[2]
    return len(node.inputs) == 3 and isinstance(bias, gs.Constant) and bias.values.size in (1, *bias.shape[-1:])
