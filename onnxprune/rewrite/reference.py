"""Kept-only forms: what an op that averages or compares over an axis gives if pruned units have never been there.

An average over kept units is the sum of the masked values by the number of kept ones; a maximum masks with minus
infinity. With these in the dense graph, a pruning of normalised axes has an exact reference as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.coupling.binding import Binding
from onnxprune.rewrite.axes import axis_letters, inexact, losing
from onnxprune.rewrite.fill import fill
from onnxprune.rewrite.means import thinned
from onnxprune.rewrite.nodes import Nodes, Unmaskable, describe, element
from onnxprune.rewrite.veil import LEAST, Mask, Veil


class Kept:
    """A node that works over axes that lose units, and the tools to restate it over those that stay."""

    def __init__(self, nodes: Nodes, binding: Binding, veil: Veil) -> None:
        self.nodes = nodes
        self.node: gs.Node = binding.node
        self.binding = binding
        self.veil = veil
        self.keep = veil.keep
        self.terms = binding.inputs[0] or ()
        self.rank = len(self.terms)

    def lost(self) -> list[int]:
        """The axes of the first operand that lose units although the node works over them."""
        names = inexact(self.binding, self.keep)
        return [axis for axis, found in axis_letters(self.binding, 0) if names & found]

    def attr(self, name: str, default: float) -> float:
        return float(self.node.attrs.get(name, default))

    def axis(self, default: int = -1) -> int:
        return int(self.node.attrs.get("axis", default)) % self.rank

    def mask(self, axes: Sequence[int]) -> Mask:
        """True where an index of the first operand stays, of its rank; 1 along all axes but `axes`."""
        lost = {axis: self.terms[axis] for axis in axes if self.keep.touches(self.terms[axis])}
        return self.veil.mask(self.node, lost, self.rank)

    def mean(self, x: gs.Tensor, axes: Sequence[int], mask: Mask) -> gs.Variable:
        """The average of `x` over `axes`, of the entries that stay only. Axes are kept."""
        average = self.nodes.reduce("ReduceMean", fill(self.nodes, x, mask, 0.0), axes)
        return self.nodes.make("Mul", [average, self.veil.thicken(self.nodes, mask, element(x))], x.dtype)


Form = Callable[[Kept], None]

_FORMS: dict[str, Form] = {}


def form(*ops: str) -> Callable[[Form], Form]:
    """Register the kept-only form of ops."""

    def register(function: Form) -> Form:
        _FORMS.update(dict.fromkeys(ops, function))
        return function

    return register


def forms() -> frozenset[str]:
    """The ops that have a kept-only form."""
    return frozenset(_FORMS)


def keep_only(nodes: Nodes, binding: Binding, veil: Veil) -> None:
    """Restate a node over the units that stay. Raises Unmaskable where its op has no such form."""
    found = _FORMS.get(binding.node.op)
    if found is None:
        raise Unmaskable(f"{describe(binding.node)} has no form over kept units only")
    found(Kept(nodes, binding, veil))


# ------------------------------------------------------------------------------------------------- reductions


def _filled(value: float) -> Form:
    """The first operand masked with the value that the op does not notice."""

    def restate(at: Kept) -> None:
        x = at.node.inputs[0]
        at.node.inputs[0] = fill(at.nodes, x, at.mask(at.lost()), _bounded(value, element(x)))

    return restate


def _bounded(value: float, dtype: np.dtype[Any]) -> float:
    if dtype.kind in "iu" and math.isinf(value):
        return np.iinfo(dtype).max if value > 0 else np.iinfo(dtype).min
    return value


form("ReduceMax", "ReduceLogSumExp")(_filled(-math.inf))
form("ReduceMin")(_filled(math.inf))
form("ReduceProd")(_filled(1.0))
form("ReduceLogSum")(_filled(0.0))


@form("ReduceMean")
def mean(at: Kept) -> None:
    """The mean with zeros in it, corrected by how many of them are units that the reference never had."""
    if element(at.node.inputs[0]).kind not in "fV":
        raise Unmaskable(f"{describe(at.node)} averages integers, which rounds")
    gone = losing(at.binding, at.keep)
    mask = at.mask([axis for axis, found in axis_letters(at.binding, 0) if gone & found])
    at.node.inputs[0] = fill(at.nodes, at.node.inputs[0], mask, 0.0)
    dtype = element(at.node.inputs[0])
    thicker = at.veil.number(at.nodes, lambda keep: 1 / max(thinned(at.binding, gone, keep), LEAST), dtype)
    at.nodes.rescale(thicker)
