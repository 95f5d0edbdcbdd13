"""Steps that sum, average or normalise."""

from __future__ import annotations

import numpy as np

from tests.fuzz.net import Net, Value
from tests.fuzz.step import step


def _others(x: Value) -> list[int]:
    """The axes of space or time."""
    return {"image": [2, 3], "sequence": [1], "flat": []}[x.kind]


@step("image", "sequence")
def excite(net: Net, x: Value) -> Value:
    """A summary of space or time scales the units."""
    if x.kind == "image" and net.flag():
        s = net.node(net.one(["GlobalAveragePool", "GlobalMaxPool"]), x.name)
    else:
        s = net.reduce(net.one(["ReduceMean", "ReduceMax", "ReduceL1", "ReduceMin"]), x.name, _others(x))
    small = Value(s, x.kind, tuple(1 if i in _others(x) else d for i, d in enumerate(x.shape)))
    h = net.linear(small, net.width())
    g = net.linear(h.named(net.node("Relu", h.name)), x.channels)
    return x.named(net.node("Mul", x.name, net.node(net.one(["Sigmoid", "HardSigmoid"]), g.name)))


@step()
def summary(net: Net, x: Value) -> Value:
    """One number from all units scales them: a sum that notices nothing, or one that does."""
    ops = (
        "ReduceMean ReduceSum ReduceL1 ReduceL2 ReduceMax ReduceMin ReduceSumSquare ReduceLogSumExp ReduceProd".split()
    )
    s = net.reduce(net.one(ops), x.name, [x.axis])
    return x.named(net.node("Mul", x.name, net.node("Sigmoid", s)))


@step("image", "sequence")
def response_norm(net: Net, x: Value) -> Value:
    """Norms over space or time, divided by their mean over the units."""
    norms = net.reduce(net.one(["ReduceL2", "ReduceL1"]), x.name, _others(x))
    mean = net.node("Add", net.reduce("ReduceMean", norms, [x.axis]), net.scalar(0.1))
    y = net.node("Mul", x.name, net.node("Div", norms, mean))
    return x.named(net.node("Add", x.name, y))


@step()
def mean_of_all(net: Net, x: Value) -> Value:
    """A mean over the units, and perhaps places, for which all of them step back."""
    axes = [x.axis, *(i for i in _others(x) if net.flag())]
    mean = net.node("Tanh", net.reduce("ReduceMean", net.node("Abs", x.name), axes))
    return x.named(net.node(net.one(["Mul", "Sub"]), x.name, mean))


@step()
def squeezed_summary(net: Net, x: Value) -> Value:
    """A reduction that drops its axis, and a new one in its place."""
    s = net.reduce(net.one(["ReduceSum", "ReduceL2"]), x.name, [x.axis - len(x.shape)], keep=False)
    return x.named(net.node("Add", x.name, net.node("Tanh", net.unsqueeze(s, x.axis))))


@step()
def over_units(net: Net, x: Value) -> Value:
    """Softmax over the units, of which none may go then."""
    axis = x.axis if net.opset >= 13 or x.kind != "image" else len(x.shape) - 1
    return x.named(net.node(net.one(["Softmax", "LogSoftmax"]), x.name, axis=axis))


@step("sequence", closed=True)
def over_time(net: Net, x: Value) -> Value:
    """Along time every unit is on its own."""
    if net.flag() and not net.recipe.half:
        return x.named(net.node("CumSum", x.name, net.store(np.array(1, np.int64))))
    t = net.transpose(x.name, 0, 2, 1)
    return x.named(net.transpose(net.node("Softmax", t, axis=2), 0, 2, 1))


# ------------------------------------------------------------------------------------------------- normalisations


@step("sequence", "flat")
def layer_norm(net: Net, x: Value) -> Value:
    n = x.channels
    if net.opset >= 17 and net.flag():
        scale = [net.positive(n), *([net.weight(n)] if net.flag() else [])]
        return x.named(net.node("LayerNormalization", x.name, *scale, axis=net.one((-1, x.axis))))
    centred = net.node("Sub", x.name, net.reduce("ReduceMean", x.name, [x.axis]))
    square = net.node("Mul", centred, centred) if net.flag() else net.node("Pow", centred, net.scalar(2.0))
    return x.named(_scaled(net, centred, square, x, bias=True))


@step("sequence", "flat")
def rms_norm(net: Net, x: Value) -> Value:
    if net.opset >= 23 and not net.recipe.half and net.flag():
        return x.named(net.node("RMSNormalization", x.name, net.positive(x.channels)))
    return x.named(_scaled(net, x.name, net.node("Mul", x.name, x.name), x, bias=False))


def _scaled(net: Net, numerator: str, square: str, x: Value, bias: bool) -> str:
    mean = net.reduce("ReduceMean", square, [x.axis])
    root = net.node("Sqrt", net.node("Add", mean, net.scalar(1e-3)))
    if net.flag():
        y = net.node("Div", numerator, root)
    else:
        y = net.node("Mul", numerator, net.node("Reciprocal", root))
    y = net.node("Mul", y, net.positive(x.channels))
    return net.node("Add", y, net.weight(x.channels)) if bias else y


@step("image")
def batch_norm(net: Net, x: Value) -> Value:
    n = x.channels
    moments = net.positive(n), net.weight(n), net.weight(n), net.positive(n)
    return x.named(net.node("BatchNormalization", x.name, *moments))


@step("image", floats=True)
def instance_norm(net: Net, x: Value) -> Value:
    if net.flag(0.3):
        return x.named(net.node("MeanVarianceNormalization", x.name, axes=[2, 3]))
    return x.named(net.node("InstanceNormalization", x.name, net.positive(x.channels), net.weight(x.channels)))


@step("image", floats=True)
def group_norm(net: Net, x: Value) -> Value:
    """In one node, or through an instance normalisation of groups."""
    n = x.channels
    groups = net.one([g for g in range(1, n + 1) if n % g == 0])
    if net.opset >= 21 and net.flag():
        moments = net.positive(n), net.weight(n)
        return x.named(net.node("GroupNormalization", x.name, *moments, num_groups=groups))
    shape = (x.shape[0], groups, n // groups * x.shape[2] * x.shape[3])
    r = net.reshape(x.name, x.shape, shape)
    y = net.node("InstanceNormalization", r, net.positive(groups), net.weight(groups))
    y = net.node("Mul", net.reshape(y, shape, x.shape), net.positive(n, 1, 1))
    return x.named(net.node("Add", y, net.weight(n, 1, 1)))


@step()
def unit_length(net: Net, x: Value) -> Value:
    """Divided by a norm, spelled out or in one node."""
    if net.flag(0.3) and not net.recipe.half:
        return x.named(net.node("LpNormalization", net.node("Add", x.name, net.scalar(0.1)), axis=x.axis))
    norm = net.reduce("ReduceL2", x.name, [x.axis])
    floor = net.node("Add", norm, net.scalar(0.1))
    return x.named(net.node("Div", x.name, floor))


@step("image", floats=True)
def local_response(net: Net, x: Value) -> Value:
    return x.named(net.node("LRN", x.name, size=3))
