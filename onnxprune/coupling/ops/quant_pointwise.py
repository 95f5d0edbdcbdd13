"""Ops of ONNX Runtime that take quantised numbers apart, compute and quantise again, axis by axis."""

from onnxprune.coupling.ops.join import at
from onnxprune.coupling.ops.pointwise import SOFTMAX, axis_letters
from onnxprune.coupling.ops.quant_scale import parameter, scaled
from onnxprune.coupling.rule import NodeView, rule
from onnxprune.coupling.spec import Spec

CONTRIB = "com.microsoft"


@rule("QLinearSigmoid", "QLinearLeakyRelu", domain=CONTRIB)
def unary(node: NodeView) -> Spec:
    """Elementwise."""
    return Spec(f"..., {scaled(node, 1)}, {scaled(node, 3)} -> ...")


@rule("QLinearAdd", "QLinearMul", domain=CONTRIB)
def binary(node: NodeView) -> Spec:
    """Elementwise; operands broadcast."""
    return Spec(f"..., {scaled(node, 1)}, ..., {scaled(node, 4)}, {scaled(node, 6)} -> ...")


@rule("QLinearWhere", domain=CONTRIB)
def where(node: NodeView) -> Spec:
    """Elementwise; operands broadcast."""
    return Spec(f"..., ..., {scaled(node, 2)}, ..., {scaled(node, 5)}, {scaled(node, 7)} -> ...")


@rule("QLinearSoftmax", domain=CONTRIB)
def softmax(node: NodeView) -> Spec:
    """Along one axis. Which ones ONNX Runtime takes together for opsets before 13 is not written down anywhere."""
    rank = node.rank()
    axis = node.axis(int(node.attr("axis", -1)))
    over = [axis] if int(node.attr("opset", 13)) >= 13 else list(range(rank))
    run = axis_letters(rank)
    return Spec(f"{run}, {scaled(node, 1)}, {scaled(node, 3)} -> {run}", locked={f"a{i}": SOFTMAX for i in over})


@rule("QLinearConcat", domain=CONTRIB)
def concat(node: NodeView) -> Spec:
    """The axis is the sum of the operands' axes; every operand has a scale and a zero point behind it."""
    rank = node.rank(2)
    axis = node.axis(int(node.attr("axis", 0)), rank)
    parts = [f"c{i}" for i in range(2, node.inputs, 3)]
    operands = [scaled(node, 0)]
    for i, part in zip(range(2, node.inputs, 3), parts, strict=True):
        operands += [at(rank, axis, part), parameter(node, i + 1), parameter(node, i + 2)]
    made = f"({' + '.join(parts)})" if len(parts) > 1 else parts[0]
    return Spec(f"{', '.join(operands)} -> {at(rank, axis, made)}")


@rule("QLinearGlobalAveragePool", "QLinearAveragePool", domain=CONTRIB)
def pool(node: NodeView) -> Spec:
    """Channels are the second axis or the last one."""
    run = "n * c" if node.attr("channels_last", 0) else "n c *"
    return Spec(f"{run}, {scaled(node, 1)}, {scaled(node, 3)} -> {run}")


@rule("NhwcMaxPool", domain=CONTRIB)
def max_pool(node: NodeView) -> Spec:
    """Channels are the last axis."""
    return Spec("n * c -> n * c")
