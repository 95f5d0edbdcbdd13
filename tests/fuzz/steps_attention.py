"""Attention: separate, fused and interleaved projections, grouped queries, rotary tables, masks, one-node forms."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from tests.fuzz.net import Net, Value
from tests.fuzz.step import step


@dataclass(frozen=True, slots=True)
class Shape:
    """Lengths of one attention: batch, sequence, heads, head dim."""

    b: int
    s: int
    h: int
    d: int


@step("sequence")
def attention(net: Net, x: Value) -> Value:
    """[b, s, c] -> the same, with or without the residual addition."""
    a = Shape(x.shape[0], x.shape[1], net.one((1, 2, 3, 4)), net.one((2, 4, 6)))
    q, k, v = net.one([_separate, _separate, _fused, _interleaved, _cut, _halves])(net, x, a)
    if net.flag(0.4) and not net.open_length:
        turn = net.one([_rotate_halves, _rotate_neighbours])
        q, k = turn(net, q, a), turn(net, k, a)
    mixed = net.node("MatMul", _weights(net, q, k, a), v)
    back = net.transpose(mixed, 0, 2, 1, 3)
    flat = net.reshape(back, (a.b, a.s, a.h, a.d), (a.b, a.s, a.h * a.d), 1)
    y = net.linear(x.named(flat, a.h * a.d), x.channels)
    return x.named(net.node("Add", x.name, y.name)) if net.flag(0.7) else y


@step("sequence")
def cross_attention(net: Net, x: Value) -> Value | None:
    """Queries of one sequence, keys and values of another."""
    others = [v for v in net.live if v.kind == "sequence" and (not net.open_length or v.shape[1] == x.shape[1])]
    y = net.one(others)
    a = Shape(x.shape[0], x.shape[1], 2, net.one((2, 4)))
    other = Shape(a.b, y.shape[1], a.h, a.d)
    q = _heads(net, net.linear(x, a.h * a.d).name, a, a.h)
    k, v = (_heads(net, net.linear(y, a.h * a.d).name, other, a.h) for _ in range(2))
    scores = net.node("Softmax", net.node("MatMul", q, net.transpose(k, 0, 1, 3, 2)), axis=-1)
    flat = net.reshape(
        net.transpose(net.node("MatMul", scores, v), 0, 2, 1, 3), (a.b, a.s, a.h, a.d), (a.b, a.s, a.h * a.d), 1
    )
    return net.linear(x.named(flat, a.h * a.d), net.width())


@step("sequence", since=12)
def attention_by_einsum(net: Net, x: Value) -> Value:
    a = Shape(x.shape[0], x.shape[1], net.one((2, 3)), net.one((2, 4)))
    full = (a.b, a.s, a.h, a.d)
    q, k, v = (net.reshape(net.linear(x, a.h * a.d).name, x.shape, full, 1) for _ in range(3))
    scores = net.node("Softmax", net.node("Einsum", q, k, equation="bqhd,bkhd->bhqk"), axis=-1)
    mixed = net.node("Einsum", scores, v, equation="bhqk,bkhd->bqhd")
    return net.linear(x.named(net.reshape(mixed, full, (a.b, a.s, a.h * a.d), 1), a.h * a.d), x.channels)


@step("sequence", since=23, floats=True)
def attention_in_one_node(net: Net, x: Value) -> Value:
    """Flat or shaped operands, with grouped queries."""
    heads, groups, d = (*net.one([(2, 2), (4, 2), (4, 1)]), net.one((2, 4)))
    q, k, v = (net.linear(x, n * d).name for n in (heads, groups, groups))
    y = net.node("Attention", q, k, v, q_num_heads=heads, kv_num_heads=groups, is_causal=int(net.flag()))
    return net.linear(x.named(y, heads * d), x.channels)


@step("sequence", since=23, closed=True, floats=True)
def rotary_in_one_node(net: Net, x: Value) -> Value:
    heads, d, s = net.one((1, 2)), net.one((4, 8)), x.shape[1]
    h = net.linear(x, heads * d).name
    tables = [net.store(f.astype(np.float32)) for f in _angles(s, d // 2)]
    ids = net.store(np.tile(np.arange(s, dtype=np.int64), (x.shape[0], 1)))
    y = net.node("RotaryEmbedding", h, *tables, ids, num_heads=heads, interleaved=int(net.flag()))
    return x.named(y, heads * d)


# ------------------------------------------------------------------------------------------------- projections


def _heads(net: Net, flat: str, a: Shape, count: int) -> str:
    h = net.reshape(flat, (a.b, a.s, count * a.d), (a.b, a.s, count, a.d), 1)
    return net.transpose(h, 0, 2, 1, 3)


def _separate(net: Net, x: Value, a: Shape) -> list[str]:
    groups = net.one([g for g in range(1, a.h + 1) if a.h % g == 0])
    made = []
    for count in (a.h, groups, groups):
        t = _heads(net, net.linear(x, count * a.d, bias=net.flag()).name, a, count)
        made.append(t if count == a.h else _repeat(net, t, a, groups))
    return made


def _repeat(net: Net, t: str, a: Shape, groups: int) -> str:
    times = a.h // groups
    u = net.unsqueeze(t, 2)
    open_ = net.recipe.open or net.flag()
    e = net.node("Expand", u, net.ints(*((1, 1, times, 1, 1) if open_ else (a.b, groups, times, a.s, a.d))))
    return net.reshape(e, (a.b, groups, times, a.s, a.d), (a.b, a.h, a.s, a.d), 2)


def _fused(net: Net, x: Value, a: Shape) -> list[str]:
    """`(3 h d)`"""
    h = net.reshape(net.linear(x, 3 * a.h * a.d).name, x.shape, (a.b, a.s, 3, a.h, a.d), 1)
    t = net.transpose(h, 2, 0, 3, 1, 4)
    if net.flag():
        return [net.squeeze(part, 0) for part in net.split(t, (1, 1, 1), 0)]
    return [net.node("Gather", t, net.store(np.array(i, np.int64)), axis=0) for i in range(3)]


def _interleaved(net: Net, x: Value, a: Shape) -> list[str]:
    """`(h (q + k + v))`"""
    h = net.reshape(net.linear(x, 3 * a.h * a.d).name, x.shape, (a.b, a.s, a.h, 3 * a.d), 1)
    return net.split(net.transpose(h, 0, 2, 1, 3), (a.d, a.d, a.d), 3)


def _cut(net: Net, x: Value, a: Shape) -> list[str]:
    """`(h d) + (h d) + (h d)`"""
    n = a.h * a.d
    h = net.linear(x, 3 * n).name
    if net.flag():
        parts = net.split(h, (n, n, n), 2)
    else:
        parts = [net.slice(h, i * n, (i + 1) * n, 2) for i in range(3)]
    return [_heads(net, part, a, a.h) for part in parts]


def _halves(net: Net, x: Value, a: Shape) -> list[str]:
    """Queries alone, keys and values together: `(h (k + v))`."""
    q = _heads(net, net.linear(x, a.h * a.d).name, a, a.h)
    both = net.reshape(net.linear(x, 2 * a.h * a.d).name, x.shape, (a.b, a.s, a.h, 2 * a.d), 1)
    return [q, *net.split(net.transpose(both, 0, 2, 1, 3), (a.d, a.d), -1)]


# ------------------------------------------------------------------------------------------------- scores


def _weights(net: Net, q: str, k: str, a: Shape) -> str:
    root = math.sqrt(a.d)
    scale = net.one([("Mul", 1 / root), ("Div", root), None])
    if scale and net.flag():
        q, scale = net.node(scale[0], q, net.scalar(scale[1])), None
    scores = net.node("MatMul", q, net.transpose(k, 0, 1, 3, 2))
    if scale:
        scores = net.node(scale[0], scores, net.scalar(scale[1]))
    return net.node("Softmax", net.one([_plain, _causal, _chosen, _biased])(net, scores, a), axis=3)


def _plain(net: Net, scores: str, a: Shape) -> str:
    return scores


def _causal(net: Net, scores: str, a: Shape) -> str:
    if net.open_length:
        return scores
    stored = np.triu(np.full((a.s, a.s), -100.0), 1).astype(net.float)
    return net.node("Add", scores, net.store(stored))


def _chosen(net: Net, scores: str, a: Shape) -> str:
    """A mask that is an input of the model, shared by all layers."""
    if a.s != 4 and net.open_length:
        return scores
    if ("mask", a.s) not in net.tables:
        batch: int | str = "n" if net.open_batch else a.b
        length: int | str = "s" if net.open_length else a.s
        net.tables["mask", a.s] = net.input(TensorProto.BOOL, [batch, 1, 1, length])
    return net.node("Where", net.tables["mask", a.s], scores, net.scalar(-10.0))


def _biased(net: Net, scores: str, a: Shape) -> str:
    """A table of positions for every head."""
    return scores if net.open_length else net.node("Add", scores, net.weight(a.h, a.s, a.s))


# ------------------------------------------------------------------------------------------------- rotary positions


def _angles(length: int, pairs: int) -> tuple[np.ndarray, np.ndarray]:
    angle = np.arange(length)[:, None] / 10.0 ** (np.arange(pairs) / pairs)
    return np.cos(angle), np.sin(angle)


def _tables(net: Net, a: Shape, doubled: bool) -> list[str]:
    """Cosines and sines, the same for all layers."""
    key = ("angles", a.s, a.d, doubled)
    if (*key, 0) not in net.tables:
        for i, values in enumerate(_angles(a.s, a.d // 2)):
            values = np.concatenate([values, values], 1) if doubled else values
            net.tables[*key, i] = net.store(values.astype(net.float))
    return [net.tables[*key, i] for i in range(2)]


def _rotate_halves(net: Net, x: str, a: Shape) -> str:
    cos, sin = _tables(net, a, True)
    if net.flag():
        low, high = net.split(x, (a.d // 2, a.d // 2), 3)
    else:
        low, high = net.slice(x, 0, a.d // 2, 3), net.slice(x, a.d // 2, 2**63 - 1, 3)
    turned = net.node("Concat", net.node("Neg", high), low, axis=-1)
    return net.node("Add", net.node("Mul", x, cos), net.node("Mul", turned, sin))


def _rotate_neighbours(net: Net, x: str, a: Shape) -> str:
    cos, sin = _tables(net, a, False)
    even, odd = net.slice(x, 0, a.d, 3, 2), net.slice(x, 1, a.d, 3, 2)
    left = net.node("Sub", net.node("Mul", even, cos), net.node("Mul", odd, sin))
    right = net.node("Add", net.node("Mul", even, sin), net.node("Mul", odd, cos))
    both = net.node("Concat", net.unsqueeze(left, 4), net.unsqueeze(right, 4), axis=4)
    return net.reshape(both, (a.b, a.h, a.s, a.d // 2, 2), (a.b, a.h, a.s, a.d))
