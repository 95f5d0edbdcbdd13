"""Steps that work on every element alone."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from tests.fuzz.net import Net, Value
from tests.fuzz.step import step

ANYWHERE = {
    **dict.fromkeys("Abs Elu Erf HardSigmoid Identity LeakyRelu Neg Relu Selu Sigmoid".split(), 1),
    **dict.fromkeys("Asinh Atan Cos Shrink Sin Softplus Softsign Tanh ThresholdedRelu".split(), 1),
    "Celu": 12,
    "HardSwish": 14,
    "Mish": 18,
    "Gelu": 20,
}
"""Ops that take any number, and the opset that they are from."""

BOUNDED = "Acos Asin Atanh Cosh Exp Sinh Tan".split()
POSITIVE = "Log Reciprocal Sqrt".split()

NO_HALF = frozenset("Celu HardSwish Mish ThresholdedRelu Selu Softsign".split())


@step()
def activation(net: Net, x: Value) -> Value:
    ops = [op for op, since in ANYWHERE.items() if net.opset >= since and not (net.recipe.half and op in NO_HALF)]
    return x.named(net.node(net.one(ops), x.name))


@step(floats=True)
def narrow_domain(net: Net, x: Value) -> Value:
    """Functions that take small, positive or large numbers only."""
    if net.flag():
        small = net.node("Mul", net.node("Tanh", x.name), net.scalar(0.9))
        return x.named(net.node(net.one(BOUNDED), small))
    positive = net.node("Add", net.node("Sigmoid", x.name), net.scalar(1.5))
    return x.named(net.node(net.one([*POSITIVE, "Acosh"]), positive))


@step()
def vector(net: Net, x: Value) -> Value:
    """A stored number for every unit."""
    op = net.one(["Add", "Sub", "Mul", "Div"])
    operands = [x.name, net.vector(x, positive=op == "Div")]
    if op in ("Add", "Mul") and net.flag(0.3):
        operands.reverse()
    return x.named(net.node(op, *operands))


@step()
def number(net: Net, x: Value) -> Value:
    op, value = net.one([("Add", 0.5), ("Mul", 0.7), ("Sub", 1.0), ("Div", 2.0), ("Max", -0.5), ("Min", 1.5)])
    return x.named(net.node(op, x.name, net.scalar(value)))


@step()
def meet(net: Net, x: Value) -> Value | None:
    """Tensors of one shape become one."""
    same = [v for v in net.live if v.shape == x.shape and v.kind == x.kind]
    others = [net.one(same) for _ in range(net.one((1, 1, 2)))]
    op = net.one(["Add", "Mul", "Sub", "Max", "Min"] if len(others) == 1 else ["Sum", "Mean", "Max", "Min"])
    return x.named(net.node(op, x.name, *(v.name for v in others)))


@step()
def select(net: Net, x: Value) -> Value:
    """Where, such that the result is continuous: a threshold."""
    mark = net.vector(x) if net.flag() else net.scalar(0.1)
    ops = {"Greater": False, "Less": True, **({"GreaterOrEqual": False, "LessOrEqual": True} if net.opset > 11 else {})}
    op = net.one(list(ops))
    told = net.node(op, x.name, mark)
    turned = ops[op]
    if net.flag(0.3):
        told, turned = net.node("Not", told), not turned
    if net.flag(0.3):
        told = net.node(net.one(["And", "Or"]), told, told)
    return x.named(net.node("Where", told, *((mark, x.name) if turned else (x.name, mark))))


@step()
def stored_mask(net: Net, x: Value) -> Value:
    """Some units are switched off by a stored mask."""
    n = x.channels
    kept = np.arange(n) % net.one((2, 3)) == 0
    mask = net.store(kept.reshape(n, *[1] * (len(x.shape) - x.axis - 1)))
    return x.named(net.node("Where", mask, x.name, net.scalar(0.0)))


@step()
def clip(net: Net, x: Value) -> Value:
    bounds = [net.store(np.array(v, net.float)) for v in (-0.5, 1.0)]
    return x.named(net.node("Clip", x.name, *net.one([bounds, bounds[:1], ["", bounds[1]]])))


@step()
def slope(net: Net, x: Value) -> Value:
    return x.named(net.node("PRelu", x.name, net.vector(x)))


@step()
def swish(net: Net, x: Value) -> Value:
    return x.named(net.node("Mul", x.name, net.node("Sigmoid", x.name)))


@step()
def gelu_spelled_out(net: Net, x: Value) -> Value:
    e = net.node("Erf", net.node("Div", x.name, net.scalar(1.4142135)))
    h = net.node("Mul", x.name, net.node("Add", e, net.scalar(1.0)))
    return x.named(net.node("Mul", h, net.scalar(0.5)))


@step()
def power(net: Net, x: Value) -> Value:
    return x.named(net.node("Pow", x.name, net.scalar(net.one((2.0, 3.0)))))


@step(floats=True)
def other_type(net: Net, x: Value) -> Value:
    wide = net.node("Cast", x.name, to=TensorProto.DOUBLE)
    if net.opset >= 15 and net.flag():
        return x.named(net.node("CastLike", wide, x.name))
    return x.named(net.node("Cast", wide, to=TensorProto.FLOAT))


@step()
def nothing(net: Net, x: Value) -> Value:
    """Dropout at inference, or what is read under two names."""
    if net.flag():
        return x.named(net.node("Dropout", x.name))
    a, b = net.node("Identity", x.name), net.node("Identity", x.name)
    return x.named(net.node("Add", a, net.node("Tanh", b)))
