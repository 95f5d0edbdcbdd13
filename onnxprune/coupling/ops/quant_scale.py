"""Scales and zero points as operands of quantised ops."""

from onnxprune.coupling.rule import Fenced, NodeView


def parameter(node: NodeView, i: int, along: str = "", matrix: str = "") -> str:
    """A scale or zero point: one for the tensor, or one for every unit of the letter `along`.

    matrix: how it lies where it has more than one axis. Raises Fenced where it is neither.
    """
    if not node.given(i):
        return "_"
    shape = node.shape(i)
    if all(size == 1 for size in shape):
        return " ".join("1" for _ in shape)
    if len(shape) == 1 and along:
        return along
    if len(shape) > 1 and matrix:
        return matrix
    raise Fenced("a scale or zero point of a shape that its rule doesn't know")


def scaled(node: NodeView, i: int, along: str = "") -> str:
    """A scale and the zero point behind it, as two operands of a rule."""
    return f"{parameter(node, i, along)}, {parameter(node, i + 1, along)}"
