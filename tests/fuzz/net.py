"""A graph that grows node by node: storage, opset-dependent spellings, and tensors that know their layout."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.fuzz.recipe import Recipe

T = TypeVar("T")

BATCH, LENGTH, SIDE = 2, 4, 4
WIDEST = 48

AXIS = {"image": 1, "sequence": 2, "flat": 1}


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor. kind: image [n, c, y, x], sequence [n, s, c] or flat [n, c]; shape: open lengths as they are run."""

    name: str
    kind: str
    shape: tuple[int, ...]

    @property
    def axis(self) -> int:
        return AXIS[self.kind]

    @property
    def channels(self) -> int:
        return self.shape[self.axis]

    def named(self, name: str, channels: int | None = None) -> Value:
        """Another tensor of the same layout."""
        return self if name == self.name else replace(self, name=name, shape=self.wide(channels or self.channels))

    def wide(self, *middle: int) -> tuple[int, ...]:
        """The shape with these axes in the place of the units."""
        return (*self.shape[: self.axis], *middle, *self.shape[self.axis + 1 :])


class Net:
    """Nodes and stored tensors of one graph or body; `rng` is the running step's."""

    def __init__(self, recipe: Recipe, prefix: str = "", parent: Net | None = None) -> None:
        self.recipe, self.prefix, self.parent = recipe, prefix, parent
        self.rng = parent.rng if parent else random.Random(recipe.seed)
        self.float = np.dtype(np.float16 if recipe.half else np.float32)
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.live: list[Value] = []
        self.known: dict[tuple[object, ...], list[str]] = {}
        self.tables: dict[object, str] = {}
        self.count = 0

    # ------------------------------------------------------------------------------------------- choices

    @property
    def opset(self) -> int:
        return self.recipe.opset

    @property
    def open_batch(self) -> bool:
        return self.recipe.open in ("batch", "both")

    @property
    def open_length(self) -> bool:
        return self.recipe.open in ("length", "both")

    def one(self, options: Sequence[T]) -> T:
        return self.rng.choice(options)

    def flag(self, share: float = 0.5) -> bool:
        return self.rng.random() < share

    def width(self) -> int:
        return self.one((4, 6, 8, 12))

    def factors(self, n: int) -> list[int]:
        """A random factorisation."""
        parts: list[int] = []
        while n > 1:
            parts.append(self.one([d for d in range(2, n + 1) if n % d == 0]))
            n //= parts[-1]
        return parts or [1]

    # ------------------------------------------------------------------------------------------- storage

    def fresh(self, stem: str) -> str:
        root = self
        while root.parent:
            root = root.parent
        root.count += 1
        return f"{self.prefix}{stem}{root.count}"

    def store(self, values: np.ndarray[Any, Any]) -> str:
        """A stored tensor, as an initializer or as a node."""
        name = self.fresh("w")
        proto = numpy_helper.from_array(np.asarray(values), name)
        if self.recipe.stored == "nodes" or (self.recipe.stored == "mixed" and self.flag()):
            self.nodes.append(helper.make_node("Constant", [], [name], value=proto))
        else:
            self.stored.append(proto)
        return name

    def _once(self, key: tuple[object, ...], values: np.ndarray[Any, Any], share: float) -> str:
        """A stored tensor, or now and then one of the same key that is there already."""
        known = self.known.setdefault(key, [])
        if known and self.recipe.shared and self.flag(share):
            return self.one(known)
        known.append(self.store(values))
        return known[-1]

    def weight(self, *shape: int, fan: int = 0) -> str:
        """Random numbers, scaled so that a sum over `fan` of them stays near one."""
        values = np.random.default_rng(self.rng.randrange(2**32)).standard_normal(shape) / math.sqrt(fan or 1)
        return self._once(("weight", shape, bool(fan)), values.astype(self.float), 0.3)

    def positive(self, *shape: int) -> str:
        values = np.random.default_rng(self.rng.randrange(2**32)).uniform(0.5, 1.5, shape)
        return self._once(("positive", shape), values.astype(self.float), 0.3)

    def scalar(self, value: float) -> str:
        shape: tuple[int, ...] = (1,) if self.flag(0.3) else ()
        return self._once(("scalar", shape, value), np.full(shape, value, self.float), 0.6)

    def ints(self, *values: int) -> str:
        return self._once(("ints", values), np.array(values, np.int64), 0.6)

    def vector(self, x: Value, positive: bool = False) -> str:
        """Stored numbers along the axis with the units, in one of the shapes that broadcast."""
        behind = [1] * (len(x.shape) - x.axis - 1)
        front = [1] * self.rng.randint(0, x.axis) if self.flag(0.3) else []
        return (self.positive if positive else self.weight)(*front, x.channels, *behind)

    def input(self, dtype: int, shape: Sequence[int | str]) -> str:
        name = self.fresh("x")
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def declared(self, x: Value) -> list[int | str]:
        """The shape as it is written down."""
        shape: list[int | str] = list(x.shape)
        if self.open_batch:
            shape[0] = "n"
        if self.open_length and x.kind == "sequence":
            shape[1] = "s"
        return shape

    @property
    def element(self) -> int:
        return int(TensorProto.FLOAT16 if self.recipe.half else TensorProto.FLOAT)

    # ------------------------------------------------------------------------------------------- nodes

    def nodes_of(self, op: str, inputs: Sequence[str], count: int, **attributes: object) -> list[str]:
        """A node with several outputs."""
        names = [self.fresh("t") for _ in range(count)]
        attributes = {k: v for k, v in attributes.items() if v is not None}
        self.nodes.append(helper.make_node(op, inputs, names, name=f"{op}/{names[0]}", **attributes))
        return names

    def node(self, op: str, *inputs: str, **attributes: object) -> str:
        return self.nodes_of(op, inputs, 1, **attributes)[0]

    def split(self, x: str, sizes: Sequence[int], axis: int) -> list[str]:
        """By an operand, an attribute, or evenly where the sizes allow and the draw says so."""
        even = len(set(sizes)) == 1
        if even and self.opset >= 18 and self.flag():
            return self.nodes_of("Split", [x], len(sizes), axis=axis, num_outputs=len(sizes))
        if even and self.opset < 18 and self.flag():
            return self.nodes_of("Split", [x], len(sizes), axis=axis)
        if self.opset < 13:
            return self.nodes_of("Split", [x], len(sizes), axis=axis, split=list(sizes))
        return self.nodes_of("Split", [x, self.ints(*sizes)], len(sizes), axis=axis)

    def slice(self, x: str, start: int, end: int, axis: int, step: int = 1) -> str:
        steps = [self.ints(step)] if step != 1 or self.flag(0.3) else []
        return self.node("Slice", x, self.ints(start), self.ints(end), self.ints(axis), *steps)

    def reduce(self, op: str, x: str, axes: Sequence[int], keep: bool = True) -> str:
        """Axes are an operand from opset 18 on, of ReduceSum from 13 on."""
        if self.opset >= (13 if op == "ReduceSum" else 18):
            return self.node(op, x, self.ints(*axes), keepdims=int(keep))
        return self.node(op, x, axes=list(axes), keepdims=int(keep))

    def squeeze(self, x: str, *axes: int) -> str:
        return self._with_axes("Squeeze", x, axes)

    def unsqueeze(self, x: str, *axes: int) -> str:
        return self._with_axes("Unsqueeze", x, axes)

    def _with_axes(self, op: str, x: str, axes: Sequence[int]) -> str:
        return self.node(op, x, self.ints(*axes)) if self.opset >= 13 else self.node(op, x, axes=list(axes))

    def transpose(self, x: str, *perm: int) -> str:
        return self.node("Transpose", x, perm=list(perm))

    def reshape(self, x: str, old: Sequence[int], new: Sequence[int], length: int | None = None) -> str:
        """In numbers, with 0 or -1, or computed from the shape.

        length: where an open length other than that of the batch stands in the new shape; its old place is the same
        where it is 1
        """
        target = list(new)
        style = self.rng.randrange(4)
        if self.open_batch or style == 1:
            target[0] = 0
        if self.open_length and length is not None:
            target[length] = 0 if length == 1 else -1
        if -1 not in target and style == 2:
            target[self.rng.randrange(len(target))] = -1
        if style == 3 and old[0] == new[0] and not (self.open_length and length is not None):
            return self.node("Reshape", x, self._computed(x, target))
        return self.node("Reshape", x, self.ints(*target))

    def _computed(self, x: str, target: Sequence[int]) -> str:
        """The length of the batch as exporters take it: Shape, Gather, Unsqueeze, Concat."""
        batch = self.node("Gather", self.node("Shape", x), self.store(np.array(0, np.int64)), axis=0)
        return self.node("Concat", self.unsqueeze(batch, 0), self.ints(*target[1:]), axis=0)

    def linear(self, x: Value, width: int, bias: bool = False) -> Value:
        """A contraction over the units: Conv, MatMul, Gemm or Einsum."""
        n = x.channels
        if x.kind == "image":
            more = [self.weight(width)] if bias else []
            made = self.node("Conv", x.name, self.weight(width, n, 1, 1, fan=n), *more)
        elif x.kind == "flat" and self.flag():
            turned = self.flag()
            w = self.weight(*((width, n) if turned else (n, width)), fan=n)
            made = self.node("Gemm", x.name, w, *([self.weight(width)] if bias else []), transB=int(turned))
        else:
            made = self._product(x, self.weight(n, width, fan=n))
            made = self.node("Add", made, self.weight(width)) if bias else made
        return x.named(made, width)

    def _product(self, x: Value, w: str) -> str:
        if self.opset >= 12 and self.flag(0.15):
            return self.node("Einsum", x.name, w, equation="nsc,cd->nsd" if x.kind == "sequence" else "nc,cd->nd")
        return self.node("MatMul", x.name, w)

    def body(self) -> Net:
        """A body of this graph: it sees the tensors of this one."""
        return Net(self.recipe, self.fresh("b") + "/", self)

    def graph(self, name: str, outputs: Sequence[onnx.ValueInfoProto]) -> onnx.GraphProto:
        return helper.make_graph(self.nodes, name, self.inputs, outputs, self.stored)
