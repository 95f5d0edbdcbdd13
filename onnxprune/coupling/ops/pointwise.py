"""Elementwise ops: every axis passes through; operands broadcast."""

from onnxprune.coupling.rule import NodeView, rule, state
from onnxprune.coupling.spec import Spec

UNARY = (
    "Abs Acos Acosh Asin Asinh Atan Atanh BitwiseNot Cast Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid "
    "HardSwish Identity IsInf IsNaN LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh "
    "Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu"
).split()
BINARY = (
    "Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual Mod Mul Or Pow "
    "PRelu Sub Xor"
).split()
VARIADIC = ("Max", "Mean", "Min", "Sum")

state("... -> ...", *UNARY)
state("..., ... -> ...", *BINARY)
state("..., ..., ... -> ...", "Where")
state("..., _, _ -> ...", "Clip")


@rule("CastLike")
def cast_like(node: NodeView) -> Spec:
    """Of the second operand only the type matters: its axes are its own."""
    other = " ".join(f"b{i}" for i in range(node.rank(1)))
    return Spec(f"..., {other} -> ...")


@rule(*VARIADIC)
def variadic(node: NodeView) -> Spec:
    """Any number of operands that broadcast."""
    return Spec(", ".join(["..."] * node.inputs) + " -> ...")


@rule("Dropout")
def dropout(node: NodeView) -> Spec:
    """Identity at inference; the mask has the data's shape."""
    return Spec("..., _, _ -> ..., ...")


@rule("Softmax", "LogSoftmax", "Hardmax", since=13)
def softmax(node: NodeView) -> Spec:
    """Elementwise but for the one axis that is normalised."""
    axis = node.axis(node.attr("axis", -1))
    return _along(node.rank(), [axis], "normalised by a softmax")


@rule("Softmax", "LogSoftmax", "Hardmax", until=13)
def softmax_flattened(node: NodeView) -> Spec:
    """Before opset 13 all axes from `axis` on are normalised together."""
    axis = node.axis(node.attr("axis", 1))
    return _along(node.rank(), list(range(axis, node.rank())), "normalised by a softmax")


@rule("CumSum", "CumProd")
def cumulative(node: NodeView) -> Spec:
    """Elementwise but for the axis that is accumulated along."""
    axes = node.ints(1) or [0]
    locked = {f"a{node.axis(axes[0])}": "accumulated along"}
    run = axis_letters(node.rank())
    return Spec(f"{run}, _ -> {run}", locked=locked)


@rule("Trilu")
def triangle(node: NodeView) -> Spec:
    """Batch axes pass; the matrix axes are compared with each other by index."""
    why = "masked by index"
    return Spec("... m n, _ -> ... m n", locked={"m": why, "n": why})


def axis_letters(rank: int) -> str:
    """`a0 a1 ... a(rank-1)`."""
    return " ".join(f"a{i}" for i in range(rank))


def _along(rank: int, axes: list[int], why: str) -> Spec:
    run = axis_letters(rank)
    return Spec(f"{run} -> {run}", locked={f"a{i}": why for i in axes})
