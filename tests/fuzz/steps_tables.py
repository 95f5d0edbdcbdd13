"""Steps with tables and indices: embeddings, positions, tied projections; recurrent layers; quantisation."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from tests.fuzz.net import WIDEST, Net, Value
from tests.fuzz.step import step

WORDS = 7


def embedded(net: Net, ids: str, shape: tuple[int, ...], width: int) -> Value:
    """[b, s] of indices -> [b, s, width], by Gather or as a product with one-hot vectors."""
    table = net.weight(WORDS, width, fan=1)
    net.tables["words", width] = table
    if net.flag(0.8) or net.recipe.half:
        return Value(net.node("Gather", table, ids, axis=0), "sequence", (*shape, width))
    values = net.store(np.array([0, 1], np.float32))
    hot = net.node("OneHot", ids, net.store(np.array(WORDS, np.int64)), values)
    return Value(net.node("MatMul", hot, table), "sequence", (*shape, width))


@step("sequence")
def more_words(net: Net, x: Value) -> Value:
    """Another input of indices, looked up and added."""
    ids = net.input(TensorProto.INT64, net.declared(x)[:2])
    y = embedded(net, ids, x.shape[:2], x.channels)
    return x.named(net.node("Add", x.name, y.name))


@step("sequence")
def tied(net: Net, x: Value) -> Value | None:
    """The table of words serves as a projection too."""
    table = net.tables.get(("words", x.channels))
    if table is None:
        return None
    y = net.node("MatMul", x.name, net.transpose(table, 1, 0))
    return x.named(y, WORDS)


@step("sequence", closed=True)
def positions(net: Net, x: Value) -> Value:
    """A stored table, whole or looked up by a range."""
    _, s, n = x.shape
    table = net.weight(s + 2, n)
    if net.flag():
        start, end, one = (net.store(np.array(i, np.int64)) for i in (0, s, 1))
        rows = net.node("Gather", table, net.node("Range", start, end, one), axis=0)
    else:
        rows = net.slice(table, 0, s, 0)
    return x.named(net.node("Add", x.name, rows))


@step()
def another_input(net: Net, x: Value) -> Value:
    """A second input of the same layout, projected to the same width."""
    y = x.named(net.input(net.element, net.declared(x.named("", 3))), 3)
    return x.named(net.node(net.one(["Add", "Mul"]), x.name, net.linear(y, x.channels).name))


@step()
def learned_scale(net: Net, x: Value) -> Value:
    """A stored matrix times a stored vector makes the numbers that scale the units."""
    v = net.node("MatMul", net.weight(3), net.weight(3, x.channels, fan=3))
    shape = [x.channels, *[1] * (len(x.shape) - x.axis - 1)]
    return x.named(net.node("Mul", x.name, net.node("Reshape", v, net.ints(*shape))))


@step()
def own_weight(net: Net, x: Value) -> Value | None:
    """A weight that is put together from parts before it is used."""
    if x.kind == "image":
        return None
    n, m = x.channels, net.width()
    parts = net.node("Concat", net.weight(n, m, fan=n), net.weight(n, m, fan=n), axis=1)
    w = net.node("Mul", parts, net.positive(n, 1)) if net.flag() else net.node("Tanh", parts)
    return x.named(net.node("MatMul", x.name, w), 2 * m)


# ------------------------------------------------------------------------------------------------- recurrent


@step("sequence", floats=True)
def recurrent(net: Net, x: Value) -> Value | None:
    """LSTM, GRU or RNN in one or both directions; all outputs, or those of the last step."""
    op, gates = net.one([("LSTM", 4), ("GRU", 3), ("RNN", 1)])
    hidden, ways = net.one((3, 4, 6)), net.one((1, 2))
    if ways * hidden > WIDEST:
        return None
    n = x.channels
    operands = [net.weight(ways, gates * hidden, n, fan=n), net.weight(ways, gates * hidden, hidden, fan=hidden)]
    operands += [net.weight(ways, 2 * gates * hidden)] if net.flag() else []
    how = {"hidden_size": hidden, "direction": "bidirectional" if ways == 2 else "forward"}
    if op == "GRU":
        how["linear_before_reset"] = int(net.flag())
    y = net.node(op, net.transpose(x.name, 1, 0, 2), *operands, **how)
    b, s = x.shape[:2]
    t = net.transpose(y, 2, 0, 1, 3)
    return x.named(net.reshape(t, (b, s, ways, hidden), (b, s, ways * hidden), 1), ways * hidden)


# ------------------------------------------------------------------------------------------------- quantised


@step(floats=True)
def there_and_back(net: Net, x: Value) -> Value:
    """A tensor is quantised and dequantised as a whole."""
    scale, zero = net.store(np.array(0.05, np.float32)), net.store(np.array(net.one((0, 3)), np.int8))
    q = net.node("QuantizeLinear", x.name, scale, zero)
    return x.named(net.node("DequantizeLinear", q, scale, zero))


@step("sequence", "flat", since=13, floats=True)
def stored_in_bytes(net: Net, x: Value) -> Value:
    """A weight of 8-bit numbers with a scale per input, per output, per block, or for all."""
    n, m = x.channels, net.width()
    w = net.store(np.random.default_rng(net.rng.randrange(2**32)).integers(-100, 100, (n, m), np.int8))
    axis = net.one((None, 0, 1))
    if axis is None:
        made = net.node("DequantizeLinear", w, net.store(np.array(0.01, np.float32)))
    elif net.opset >= 21 and n % 2 == 0 and net.flag():
        scale = net.store(np.full((n // 2, m), 0.01, np.float32))
        made = net.node("DequantizeLinear", w, scale, axis=0, block_size=2)
    else:
        scale = net.store(np.linspace(0.005, 0.02, (n, m)[axis]).astype(np.float32))
        made = net.node("DequantizeLinear", w, scale, axis=axis)
    return x.named(net.node("MatMul", x.name, made), m)


@step("sequence", "flat", floats=True)
def integer_product(net: Net, x: Value) -> Value:
    """Numbers are quantised by their range, and multiplied as integers."""
    n, m = x.channels, net.width()
    w = net.store(np.random.default_rng(net.rng.randrange(2**32)).integers(-20, 20, (n, m), np.int8))
    q, scale, zero = net.nodes_of("DynamicQuantizeLinear", [x.name], 3)
    y = net.node("Cast", net.node("MatMulInteger", q, w, zero), to=TensorProto.FLOAT)
    return x.named(net.node("Mul", y, net.node("Mul", scale, net.scalar(0.05))), m)


@step("image", floats=True, since=13)
def convolved_in_bytes(net: Net, x: Value) -> Value:
    n, m = x.channels, net.width()
    w = net.store(np.random.default_rng(net.rng.randrange(2**32)).integers(-100, 100, (m, n, 1, 1), np.int8))
    scale = net.store(np.linspace(0.005, 0.02, m).astype(np.float32))
    made = net.node("DequantizeLinear", w, scale, axis=0)
    return x.named(net.node("Conv", x.name, made), m)
