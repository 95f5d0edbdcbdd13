"""The masked dense model: every pruned unit is neutralised where an op sums over it.

This is the reference of the oracle. It changes no weight and no shape: a Where goes in front of each operand whose axis
is contracted and loses units. An op that averages over such an axis is replaced by its kept-only form
(`onnxprune.rewrite.reference`), which is the same network rebuilt at the smaller width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.coupling.analysis import Analysis
from onnxprune.coupling.binding import Binding
from onnxprune.coupling.masks import Keep
from onnxprune.coupling.terms import Atom, leaves
from onnxprune.rewrite import reference_norm as reference_norm  # registers the kept-only forms
from onnxprune.rewrite.axes import axis_letters, inexact, losing
from onnxprune.rewrite.fill import fill, neutral
from onnxprune.rewrite.nodes import Nodes, Unmaskable, describe, splice
from onnxprune.rewrite.reference import keep_only


@dataclass(frozen=True, slots=True)
class Consumer:
    """A node that sums or averages over what is pruned.

    made: its outputs, which keep their names; witness: name of a node that now stands in front of it, and of no other
    """

    binding: Binding
    letters: frozenset[str]
    made: tuple[gs.Tensor, ...]
    witness: str

    def atoms(self, keep: Keep) -> set[Atom]:
        """The groups that it consumes."""
        return {leaf for name in self.letters for leaf in leaves(self.binding.env[name]) if leaf in keep.masks}


def mask_consumers(analysis: Analysis, keep: Keep) -> list[Consumer]:
    """Insert the masks into the analysed graph, in place. Returns the nodes that consume what is pruned.

    The graph is no longer fit for shrinking afterwards. Raises Unmaskable (an InputError) naming the node where a
    consumption can't be masked.
    """
    around: dict[int, Nodes] = {}
    consumers: list[Consumer] = []
    for binding in analysis.bindings:
        averaged, summed = inexact(binding, keep), losing(binding, keep)
        if not averaged and not summed:
            continue
        nodes = around[id(binding.node)] = Nodes(binding.node, analysis.graph.opset)
        made = tuple(t for t in binding.node.outputs if not t.is_empty())
        if averaged:
            keep_only(nodes, binding, keep)
        else:
            _mask(nodes, binding, keep, summed)
        nodes.front[0].name = witness = f"{nodes.front[0].name}/{len(consumers)}"
        consumers.append(Consumer(binding, frozenset(averaged | summed), made, witness))
    splice(analysis.graph, around)
    return consumers


def _mask(nodes: Nodes, binding: Binding, keep: Keep, gone: set[str]) -> None:
    """Mask every computed operand that is summed over, for zero times infinity is no zero; stored ones if need be.

    A stored vector may be a bias, which the op adds to what has been masked.
    """
    node, left = binding.node, set(gone)
    for stored in (False, True):
        for i, tensor in enumerate(node.inputs):
            if isinstance(tensor, gs.Constant) is stored and (left or not stored or _may_be_bias(tensor)):
                left -= _mask_operand(nodes, binding, i, keep, gone)
    if left:
        raise Unmaskable(f"{describe(node)} sums over an axis whose length is open")


def _may_be_bias(tensor: gs.Constant) -> bool:
    return len(tensor.shape) == 1 and tensor.dtype.kind in "fV"


def _mask_operand(nodes: Nodes, binding: Binding, i: int, keep: Keep, gone: set[str]) -> set[str]:
    """Mask one operand along all of its axes that are summed over; the letters that this takes care of."""
    axes = binding.inputs[i] or ()
    mask = np.ones([1] * len(axes), bool)
    covered: set[str] = set()
    for axis, names in axis_letters(binding, i):
        if gone & names and axes[axis].size is not None:
            shape = [-1 if k == axis else 1 for k in range(len(axes))]
            mask = mask & keep.mask(axes[axis]).reshape(shape)
            covered |= gone & names
    if covered:
        binding.node.inputs[i] = fill(nodes, binding.node.inputs[i], mask, neutral(nodes, i))
    return covered
