"""Quantisation: scales and zero points follow the axis they belong to."""

from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.rule import NodeView, rule
from onnxprune.coupling.spec import Spec

INSIDE_BLOCK: str = Reason("inside a quantisation block", Ground.FIXED)


@rule("QuantizeLinear", "DequantizeLinear")
def linear(node: NodeView) -> Spec:
    """Per tensor, per axis, or blocks of `block_size` along an axis."""
    rank = node.rank()
    axis = node.axis(node.attr("axis", 1))
    block = int(node.attr("block_size", 0))
    scale = _scale(node, rank, axis, block)
    names = axis_letters(rank).split()
    if block:
        names[axis] = f"(k{axis} b{axis})"
    run = " ".join(names)
    zero = scale if node.given(2) and node.shape(2) else ""
    operands = [run, scale, zero][: node.inputs]
    locked = {f"b{axis}": INSIDE_BLOCK} if block else {}
    return Spec(f"{', '.join(operands)} -> {run}", sizes={f"b{axis}": block} if block else {}, locked=locked)


def _scale(node: NodeView, rank: int, axis: int, block: int) -> str:
    shape = node.shape(1)
    if block:
        return " ".join(f"k{axis}" if i == axis else f"a{i}" for i in range(rank))
    if not shape:
        return ""
    return "1" if shape[0] == 1 else f"a{axis}"


rule("QuantizeLinear", "DequantizeLinear", domain="com.microsoft")(linear)


@rule("DynamicQuantizeLinear")
def dynamic(node: NodeView) -> Spec:
    """The range that gives the scale holds zero anyway: a unit of zeros is one that isn't there."""
    run = axis_letters(node.rank())
    return Spec(f"{run} -> {run}, , ", reduced=tuple(run.split()))
