"""What hides units from an op: masks that are stored in the graph, or gates that are fed when it runs."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.coupling.masks import Gates, Keep
from onnxprune.coupling.terms import Atom, Term, show
from onnxprune.graph.naming import Names
from onnxprune.rewrite.nodes import BFLOAT16, Nodes, Unmaskable, describe, element

Array = np.ndarray
Values = Callable[[Gates], Any]
"""Numbers under some gates: arrays of NumPy, or of whatever else the gates are made of (see
`onnxprune.recovery.masks.tensor_gates`)."""

LEAST = 1e-6
"""Where all units are gone there is still so much of them to divide by."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What an input is fed under some gates. values: before they get the input's type, which is `kind`"""

    values: Values
    kind: np.dtype[Any]

    def __call__(self, gates: Gates) -> Array:
        return np.asarray(self.values(gates)).astype(self.kind)


class Gate:
    """A mask of one shape that is fed: as factors, or as bools for what can't be multiplied."""

    def __init__(self, veil: GateVeil, name: str, values: Values) -> None:
        self._veil = veil
        self._name = name
        self._values = values
        self._made: dict[int, tuple[gs.Tensor, gs.Variable]] = {}

    def scaled(self, nodes: Nodes, x: gs.Tensor) -> gs.Variable:
        """Floats times the gate. Nodes of the outermost graph that read the same tensor share the product."""
        if id(x) in self._made:
            return self._made[id(x)][1]
        dtype = element(x)
        if dtype == BFLOAT16:  # for which ONNX Runtime has no product
            wide = nodes.make("Cast", [x], np.dtype(np.float32), to=np.float32)
            made = nodes.make("Cast", [self.scaled(nodes, wide)], dtype, to=dtype.type)
        else:
            made = nodes.make("Mul", [x, self.factor(dtype)], dtype)
        if self._veil.shares(nodes.node):
            self._made[id(x)] = x, made
        return made

    def factor(self, dtype: Any) -> gs.Variable:
        """The gate as an input of floats."""
        return self._veil.input(f"{self._name}/{np.dtype(dtype).name}", dtype, self._values)

    def stays(self) -> gs.Variable:
        """The gate as an input of bools, true from one half on."""
        values = self._values
        return self._veil.input(f"{self._name}/bool", np.dtype(bool), lambda gates: values(gates) >= 0.5)

    def thicken(self, dtype: Any) -> gs.Variable:
        """An input that is the number of entries over the sum of the gate."""
        fed = self._values

        def ratio(gates: Gates) -> Any:
            values = fed(gates)
            return math.prod(values.shape) / max(values.sum(), LEAST)

        return self._veil.input(f"{self._name}/ratio", dtype, ratio)


Mask = Array | Gate
"""Which entries of a tensor stay; broadcasts against it."""


class Veil:
    """Masks stored in the graph.

    keep: which units stay
    """

    def __init__(self, keep: Keep) -> None:
        self.keep = keep

    def mask(self, node: gs.Node, axes: Mapping[int, Term], rank: int) -> Mask:
        """A mask of some axes of a tensor, 1 along all others. Raises Unmaskable for an axis of open length."""
        _check(node, axes)
        return np.asarray(_spread(self.keep, axes, rank))

    def thicken(self, nodes: Nodes, mask: Mask, dtype: Any) -> gs.Tensor:
        """The number of entries over that of those which stay."""
        return mask.thicken(dtype) if isinstance(mask, Gate) else nodes.constant(mask.size / mask.sum(), dtype)

    def number(self, nodes: Nodes, tell: Callable[[Keep], float], dtype: Any) -> gs.Tensor:
        """A number that depends on what stays."""
        return nodes.constant(tell(self.keep), dtype)


class GateVeil(Veil):
    """Gates that are inputs of the graph, one for every combination of axes that is masked anywhere.

    graph: to be gated; atoms: group id -> what has a gate; feeds: input -> what it is fed
    """

    def __init__(self, graph: gs.Graph, atoms: Mapping[str, Atom], names: Names) -> None:
        super().__init__(Gates({atom: np.ones(atom.size or 0) for atom in atoms.values()}))
        self.feeds: dict[str, Feed] = {}
        self._names = names
        self._outermost = {id(node) for node in graph.nodes}
        self._gates: dict[str, Gate] = {}
        self._inputs: dict[str, gs.Variable] = {}

    @property
    def inputs(self) -> list[gs.Variable]:
        """All inputs so far, which are yet to be declared."""
        return list(self._inputs.values())

    def mask(self, node: gs.Node, axes: Mapping[int, Term], rank: int) -> Mask:
        """The gate of some axes of a tensor."""
        _check(node, axes)
        key = f"{rank} {[(axis, show(term)) for axis, term in sorted(axes.items())]}"
        if key not in self._gates:
            fixed = dict(axes)
            self._gates[key] = Gate(self, f"gate{len(self._gates)}", lambda gates: _spread(gates, fixed, rank))
        return self._gates[key]

    def number(self, nodes: Nodes, tell: Callable[[Keep], float], dtype: Any) -> gs.Tensor:
        """A number that is fed."""
        return self.input(f"number{len(self._inputs)}", dtype, tell)

    def shares(self, node: gs.Node) -> bool:
        """Whether what is made in front of a node is there for nodes behind it."""
        return id(node) in self._outermost

    def input(self, name: str, dtype: Any, values: Values) -> gs.Variable:
        """An input of the graph, made once; it is fed in its type."""
        if name not in self._inputs:
            feed = Feed(values, np.dtype(dtype))
            shape = feed(Gates(self.keep.masks)).shape
            made = self._inputs[name] = gs.Variable(self._names.new(name), feed.kind, shape)
            self.feeds[made.name] = feed
        return self._inputs[name]


def _check(node: gs.Node, axes: Mapping[int, Term]) -> None:
    if any(term.size is None for term in axes.values()):
        raise Unmaskable(f"{describe(node)} works over an axis whose length is open")


def _spread(keep: Keep, axes: Mapping[int, Term], rank: int) -> Any:
    """The product of the masks of some axes, each along its own."""
    parts = [keep.mask(term).reshape([-1 if k == axis else 1 for k in range(rank)]) for axis, term in axes.items()]
    return reduce(operator.mul, parts) if parts else np.ones([1] * rank, bool)
