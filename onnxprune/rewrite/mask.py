"""The masked dense model: every pruned unit is neutralised where an op sums over it.

This is the reference of the oracle. It changes no weight and no shape: a Where goes in front of each operand whose axis
is contracted and loses units. An op that averages over such an axis is replaced by its kept-only form
(`onnxprune.rewrite.reference`), which is the same network rebuilt at the smaller width.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
from onnxprune.rewrite.veil import Veil


@dataclass(frozen=True, slots=True)
class Consumer:
    """A node that sums or averages over what is pruned.

    made: its outputs, which keep their names; witness: name of a node that now stands in front of it, and of no other
    """

    binding: Binding
    made: tuple[gs.Tensor, ...]
    witness: str

    def atoms(self, keep: Keep) -> set[Atom]:
        """The groups that it consumes."""
        return consumed(self.binding, keep)


def mask_consumers(analysis: Analysis, keep: Keep) -> list[Consumer]:
    """Insert the masks into the analysed graph, in place. Returns the nodes that consume what is pruned.

    The graph is no longer fit for shrinking afterwards. Raises Unmaskable (an InputError) naming the node where a
    consumption can't be masked.
    """
    around: dict[int, Nodes] = {}
    consumers: list[Consumer] = []
    for binding in consuming(analysis, keep):
        made = tuple(t for t in binding.node.outputs if not t.is_empty())
        nodes = around[id(binding.node)] = cover(binding, Veil(keep), analysis.graph.opset)
        nodes.front[0].name = witness = f"{nodes.front[0].name}/{len(consumers)}"
        consumers.append(Consumer(binding, made, witness))
    splice(analysis.graph, around)
    return consumers


def consuming(analysis: Analysis, keep: Keep) -> Iterator[Binding]:
    """The nodes that sum or average over what loses units, in graph order."""
    return (b for b in analysis.bindings if inexact(b, keep) or losing(b, keep))


def consumed(binding: Binding, keep: Keep) -> set[Atom]:
    """The groups that lose units and that a node sums or averages over."""
    letters = inexact(binding, keep) | losing(binding, keep)
    return {leaf for name in letters for leaf in leaves(binding.env[name]) if leaf in keep.masks}


def cover(binding: Binding, veil: Veil, opset: int) -> Nodes:
    """Hide from a node what it sums or averages over, with nodes that are yet to be put in front of it."""
    nodes = Nodes(binding.node, opset)
    if inexact(binding, veil.keep):
        keep_only(nodes, binding, veil)
    else:
        _mask(nodes, binding, veil, losing(binding, veil.keep))
    return nodes


def _mask(nodes: Nodes, binding: Binding, veil: Veil, gone: set[str]) -> None:
    """Mask every computed operand that is summed over, for zero times infinity is no zero; stored ones if need be.

    A stored vector may be a bias, which the op adds to what has been masked.
    """
    node, left = binding.node, set(gone)
    for stored in (False, True):
        for i, tensor in enumerate(node.inputs):
            if isinstance(tensor, gs.Constant) is stored and (left or not stored or _may_be_bias(tensor)):
                left -= _mask_operand(nodes, binding, i, veil, gone)
    if left:
        raise Unmaskable(f"{describe(node)} sums over an axis whose length is open")


def _may_be_bias(tensor: gs.Constant) -> bool:
    return len(tensor.shape) == 1 and tensor.dtype.kind in "fV"


def _mask_operand(nodes: Nodes, binding: Binding, i: int, veil: Veil, gone: set[str]) -> set[str]:
    """Mask one operand along all of its axes that are summed over; the letters that this takes care of."""
    axes = binding.inputs[i] or ()
    lost = {axis: gone & names for axis, names in axis_letters(binding, i) if gone & names}
    lost = {axis: names for axis, names in lost.items() if axes[axis].size is not None}
    if lost:
        mask = veil.mask(binding.node, {axis: axes[axis] for axis in lost}, len(axes))
        binding.node.inputs[i] = fill(nodes, binding.node.inputs[i], mask, neutral(nodes, i))
    return set().union(*lost.values())
