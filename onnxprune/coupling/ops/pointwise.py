"""Elementwise ops: every axis passes through; operands broadcast."""

from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.rule import NodeView, rule, state
from onnxprune.coupling.spec import Spec

UNARY = (
    "Abs Acos Acosh Asin Asinh Atan Atanh BitCast BitwiseNot Cast Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu "
    "HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Log Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid "
    "Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ThresholdedRelu"
).split()
BINARY = (
    "Add And BitShift BitwiseAnd BitwiseOr BitwiseXor Div Equal Greater GreaterOrEqual Less LessOrEqual Mod Mul Or Pow "
    "PRelu Sub SwiGLU Xor"
).split()
VARIADIC = ("Max", "Mean", "Min", "Sum")

SOFTMAX: str = Reason("normalised by a softmax", Ground.MIXED)

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
    """Identity at inference; the mask has the data's shape. Trained while it runs, it draws numbers in that shape."""
    if node.given(2) and (node.value(2) is None or bool(node.value(2))):
        return Spec("..., _, _ -> ..., ...", locked={"...": "drawn at random"})
    return Spec("..., _, _ -> ..., ...")


@rule("Softmax", "LogSoftmax", "Hardmax", since=13)
def softmax(node: NodeView) -> Spec:
    """Elementwise but for the one axis that is normalised."""
    axis = node.axis(node.attr("axis", -1))
    return _along(node.rank(), [axis], SOFTMAX)


@rule("Softmax", "LogSoftmax", "Hardmax", until=13)
def softmax_flattened(node: NodeView) -> Spec:
    """Before opset 13 all axes from `axis` on are normalised together."""
    axis = node.axis(node.attr("axis", 1))
    return _along(node.rank(), list(range(axis, node.rank())), SOFTMAX)


@rule("CumSum", "CumProd")
def cumulative(node: NodeView) -> Spec:
    """Elementwise but for the axis that is accumulated along."""
    axes = node.ints(1) or [0]
    locked = {f"a{node.axis(axes[0])}": Reason("accumulated along", Ground.MIXED)}
    run = axis_letters(node.rank())
    return Spec(f"{run}, _ -> {run}", locked=locked)


@rule("ReverseSequence")
def reverse_sequence(node: NodeView) -> Spec:
    """Every sequence of the batch has a length; other axes pass."""
    names = axis_letters(node.rank()).split()
    steps, batch = int(node.attr("time_axis", 0)), int(node.attr("batch_axis", 1))
    run = " ".join(names)
    return Spec(f"{run}, {names[batch]} -> {run}", locked={names[steps]: "reversed along"})


@rule("Trilu")
def triangle(node: NodeView) -> Spec:
    """Batch axes pass; the matrix axes are compared with each other by index."""
    why = Reason("masked by index", Ground.INDEX)
    return Spec("... m n, _ -> ... m n", locked={"m": why, "n": why})


def axis_letters(rank: int) -> str:
    """`a0 a1 ... a(rank-1)`."""
    return " ".join(f"a{i}" for i in range(rank))


def _along(rank: int, axes: list[int], why: str) -> Spec:
    run = axis_letters(rank)
    return Spec(f"{run} -> {run}", locked={f"a{i}": why for i in axes})
