"""Where the letters of a rule lie in the operands of a node."""

from __future__ import annotations

from onnxprune.coupling.binding import Binding
from onnxprune.coupling.masks import Keep
from onnxprune.coupling.notation import Run, letters
from onnxprune.coupling.terms import leaves

LAYOUT = frozenset(
    "Reshape Flatten Transpose Squeeze Unsqueeze Slice Split Gather Concat Expand Tile Identity Shape Size Tap "
    "DepthToSpace SpaceToDepth ConstantOfShape".split()
)
"""Ops that move numbers without computing with them: what vanishes there is dropped or spelled anew, not summed."""


def axis_letters(binding: Binding, i: int) -> list[tuple[int, frozenset[str]]]:
    """The letters of every single axis of input `i`, by the axis's position."""
    operand, axes = binding.spec.pattern.inputs[i], binding.inputs[i]
    if operand is None or axes is None:
        return []
    spare = len(axes) - sum(not isinstance(a, Run) for a in operand)
    found: list[tuple[int, frozenset[str]]] = []
    at = 0
    for axis in operand:
        if isinstance(axis, Run):
            at, spare = at + spare, 0
        else:
            found.append((at, frozenset(letters(axis))))
            at += 1
    return found


def losing(binding: Binding, keep: Keep) -> set[str]:
    """The letters that the node sums over and that lose units."""
    if binding.node.op in LAYOUT:
        return set()
    return {name for name in (*binding.vanishing, *binding.spec.reduced) if keep.touches(binding.env[name])}


def inexact(binding: Binding, keep: Keep) -> set[str]:
    """The letters that lose units although the node averages or compares over them.

    Of a mean that can be corrected by a factor, those that lose units which are inexact by some other node.
    """
    lost = {n for n in binding.spec.inexact if n in binding.env and keep.touches(binding.env[n])}
    rebuilt = {atom for atom in keep.masks if atom.inexact}
    return lost | {n for n in binding.spec.averaged if not rebuilt.isdisjoint(leaves(binding.env[n]))}
