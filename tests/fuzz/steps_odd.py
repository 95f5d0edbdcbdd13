"""Steps with rarer ops, most of which lock what they touch."""

from __future__ import annotations

import numpy as np

from tests.fuzz.net import Net, Value
from tests.fuzz.step import step


@step("sequence", closed=True, floats=True)
def largest(net: Net, x: Value) -> Value:
    """The largest numbers of every unit over time, or of every token over its units."""
    axis = net.one((1, 2))
    made, _ = net.nodes_of("TopK", [x.name, net.ints(x.shape[axis])], 2, axis=axis)
    return x.named(made)


@step("sequence", since=14, closed=True, floats=True)
def triangle(net: Net, x: Value) -> Value:
    return x.named(net.node("Trilu", x.name, upper=int(net.flag())))


@step("sequence", "flat", closed=True, floats=True)
def diagonal(net: Net, x: Value) -> Value:
    """A product with the unit matrix."""
    n = x.channels
    eye = net.node("EyeLike", net.store(np.zeros((n, n), np.float32)))
    return x.named(net.node("MatMul", x.name, eye))


@step(floats=True)
def no_nan(net: Net, x: Value) -> Value:
    odd = net.node(net.one(["IsNaN", "IsInf"]), x.name)
    odd = net.node("Xor", odd, net.store(np.array(False))) if net.flag() else odd
    return x.named(net.node("Where", odd, net.scalar(0.0), x.name))


@step("image", "sequence", closed=True, floats=True)
def written_by_index(net: Net, x: Value) -> Value:
    """Some rows are written over: whole units, whole tokens, or single numbers."""
    kind = net.rng.randrange(3)
    if kind == 0:
        rows = np.arange(min(2, x.shape[0]))[:, None]
        return x.named(net.node("ScatterND", x.name, net.store(rows), net.weight(len(rows), *x.shape[1:])))
    axis = x.axis if kind == 1 else len(x.shape) - 1 - (x.kind == "sequence")
    shape = tuple(1 if i == axis else d for i, d in enumerate(x.shape))
    index = net.store(np.full(shape, min(1, x.shape[axis] - 1), np.int64))
    return x.named(net.node("ScatterElements", x.name, index, net.weight(*shape), axis=axis))


@step("sequence", closed=True, floats=True)
def read_by_index(net: Net, x: Value) -> Value:
    b, s, n = x.shape
    if net.flag():
        index = np.stack(np.meshgrid(np.arange(b), np.arange(s)[::-1], indexing="ij"), -1)
        return x.named(net.node("GatherND", x.name, net.store(np.ascontiguousarray(index, np.int64))))
    index = np.broadcast_to(np.arange(s)[::-1, None], (b, s, n))
    return x.named(net.node("GatherElements", x.name, net.store(np.ascontiguousarray(index, np.int64)), axis=1))


@step("image", since=16, closed=True, floats=True)
def sampled(net: Net, x: Value) -> Value:
    b, _, high, wide = x.shape
    grid = np.random.default_rng(net.rng.randrange(2**32)).uniform(-1, 1, (b, high, wide, 2))
    return x.named(net.node("GridSample", x.name, net.store(grid.astype(np.float32))))


@step("image", until=21, floats=True)
def lp_summary(net: Net, x: Value) -> Value:
    return x.named(net.node("Mul", x.name, net.node("Sigmoid", net.node("GlobalLpPool", x.name, p=2))))


@step("image", closed=True, floats=True)
def unpooled(net: Net, x: Value) -> Value | None:
    if x.shape[2] % 2 or x.shape[2] < 4:
        return None
    y, where = net.nodes_of("MaxPool", [x.name], 2, kernel_shape=[2, 2], strides=[2, 2])
    return x.named(net.node("MaxUnpool", y, where, kernel_shape=[2, 2], strides=[2, 2]))


@step()
def length_as_number(net: Net, x: Value) -> Value:
    """Divided by the root of the number of units, which the model takes from the shape."""
    n = net.node("Gather", net.node("Shape", x.name), net.store(np.array(x.axis, np.int64)), axis=0)
    root = net.node("Sqrt", net.node("Cast", n, to=net.element))
    return x.named(net.node("Div", x.name, root))


@step("sequence", "flat", floats=True, closed=True)
def unknown_op(net: Net, x: Value) -> Value:
    """An op that there is no rule for."""
    if net.opset < 17 or x.kind == "flat":
        return x.named(net.node("Compress", x.name, net.store(np.ones(x.channels, bool)), axis=x.axis))
    lengths = net.store(np.full(x.shape[0], x.shape[1], np.int64))
    return x.named(net.node("ReverseSequence", x.name, lengths, batch_axis=0, time_axis=1))
