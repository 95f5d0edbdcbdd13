"""Convolutions and products of quantised numbers. A unit is masked with the number that stands for zero."""

from onnxprune.coupling.ops.conv import convolution
from onnxprune.coupling.ops.matmul import product_roles
from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.ops.quant_scale import parameter, scaled
from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Spec

CONTRIB = "com.microsoft"


@rule("QLinearConv")
def qlinear_conv(node: NodeView) -> Spec:
    """Per tensor, or a scale and zero point for every output channel."""
    return _qlinear_conv(node, last=False)


@rule("QLinearConv", domain=CONTRIB)
def qlinear_conv_nhwc(node: NodeView) -> Spec:
    """The same, with channels as the second axis or the last one."""
    return _qlinear_conv(node, last=bool(node.attr("channels_last", 0)))


def _qlinear_conv(node: NodeView, last: bool) -> Spec:
    x, made = ("n * {x}", "n * {y}") if last else ("n {x} *", "n {y} *")
    scales = f"{scaled(node, 1)}, {{y}} {{i}} *, {scaled(node, 4, '{y}')}, {scaled(node, 6)}"
    return convolution(node, f"{x}, {scales}, {{y}} -> {made}", kernel=3)


@rule("ConvInteger")
def conv_integer(node: NodeView) -> Spec:
    """Zero points are per tensor, that of the kernel also per output channel."""
    zeros = f"{parameter(node, 2)}, {parameter(node, 3, '{y}')}"
    return convolution(node, f"n {{x}} *, {{y}} {{i}} *, {zeros} -> n {{y}} *")


@rule("QLinearMatMul")
def qlinear_matmul(node: NodeView) -> Spec:
    """Scales per tensor, per row of the left operand and per column of the right one."""
    run = "... " if max(node.rank(0), node.rank(3)) > 2 else ""
    if min(node.rank(0), node.rank(3)) < 2:
        raise Fenced("QLinearMatMul of a vector")
    a = ", ".join(parameter(node, i, "m", f"{run}m 1") for i in (1, 2))
    b = ", ".join(parameter(node, i, "n", f"{run}1 n") for i in (4, 5))
    text = f"{run}m k, {a}, {run}k n, {b}, {scaled(node, 6)} -> {run}m n"
    return Spec(text, macs="output", roles=product_roles(node, 0, 3))


@rule("MatMulIntegerToFloat", domain=CONTRIB)
def matmul_integer_to_float(node: NodeView) -> Spec:
    """A product of integers, scaled at once."""
    run = "... " if max(node.rank(0), node.rank(1)) > 2 else ""
    if min(node.rank(0), node.rank(1)) < 2:
        raise Fenced("MatMulIntegerToFloat of a vector")
    scales = f"{parameter(node, 2, 'm', f'{run}m 1')}, {parameter(node, 3, 'n', f'{run}1 n')}"
    zeros = f"{parameter(node, 4, 'm', f'{run}m 1')}, {parameter(node, 5, 'n', f'{run}1 n')}"
    text = f"{run}m k, {run}k n, {scales}, {zeros}, n -> {run}m n"
    return Spec(text, macs="output", roles=product_roles(node, 0, 1))


@rule("DynamicQuantizeMatMul", domain=CONTRIB)
def dynamic_quantize_matmul(node: NodeView) -> Spec:
    """The left operand is quantised by its range, which holds zero anyway: a unit of zeros is one that isn't there."""
    if node.rank(1) != 2 or node.rank(0) < 2:
        raise Fenced("DynamicQuantizeMatMul of other than a matrix on the right")
    rows = axis_letters(node.rank() - 1)
    text = f"{rows} k, k n, {parameter(node, 2, 'n')}, {parameter(node, 3, 'n')}, n -> {rows} n"
    return Spec(text, macs="output", reduced=tuple(rows.split()))


@rule("QGemm", domain=CONTRIB)
def qgemm(node: NodeView) -> Spec:
    """A product of quantised matrices; the output is quantised where it has a scale."""
    a = "k m" if node.attr("transA", 0) else "m k"
    b = "n k" if node.attr("transB", 0) else "k n"
    c = "_"
    if node.given(6):
        names = ["m", "n"][2 - node.rank(6) :]
        c = " ".join("1" if d == 1 else name for d, name in zip(node.shape(6), names, strict=True))
    text = f"{a}, {scaled(node, 1)}, {b}, {scaled(node, 4, 'n')}, {c}, {scaled(node, 7)} -> m n"
    return Spec(text, macs="output")
