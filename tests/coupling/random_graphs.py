"""Random graphs that are valid by construction: sequences and images through branches, joins, cuts and new layouts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import onnx
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

BATCH, LENGTH, SIDE = 2, 3, 4
WIDTHS = (4, 6, 8, 12)
WIDEST = 48


class Net:
    """A graph that grows node by node. Tensors are names; `channels` knows the length of the axis with the units."""

    def __init__(self, draw: st.DrawFn, image: bool) -> None:
        self.draw = draw
        self.image = image
        self.rng = np.random.default_rng(draw(st.integers(0, 2**16)))
        self.nodes: list[onnx.NodeProto] = []
        self.stored: list[onnx.TensorProto] = []
        self.channels = {"x": 4}
        self.live = ["x"]

    # --------------------------------------------------------------------------------------------- parts

    def pick(self, options: Sequence[int]) -> int:
        return self.draw(st.sampled_from(list(options)))

    def tensor(self) -> str:
        """One of the late tensors; the input only where there is no other."""
        return self.draw(st.sampled_from(self.live[1:][-3:] or self.live))

    def weight(self, *shape: int) -> str:
        fan = math.prod(shape[1:]) if self.image else shape[0]
        return self.store(self.rng.standard_normal(shape).astype(np.float32) / math.sqrt(fan))

    def store(self, values: np.ndarray) -> str:
        name = f"w{len(self.stored)}"
        self.stored.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def ints(self, *values: int) -> str:
        return self.store(np.array(values, np.int64))

    def node(self, op: str, *inputs: str, outputs: int = 1, **attributes: object) -> str:
        names = [f"t{len(self.nodes)}" if k == 0 else f"t{len(self.nodes)}.{k}" for k in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, **attributes))
        return names[0] if outputs == 1 else " ".join(names)

    def keep(self, name: str, channels: int) -> None:
        self.channels[name] = channels
        self.live.append(name)

    def vector(self, channels: int) -> str:
        """Stored numbers along the axis with the units."""
        return self.weight(*((channels, 1, 1) if self.image else (channels,)))

    @property
    def axis(self) -> int:
        return 1 if self.image else 2

    def shape(self, *middle: int) -> list[int]:
        """The shape of a tensor with these axes in the place of the units."""
        return [BATCH, *middle, SIDE, SIDE] if self.image else [BATCH, LENGTH, *middle]

    def linear(self, x: str, width: int) -> str:
        if self.image:
            return self.node("Conv", x, self.weight(width, self.channels[x], 1, 1))
        return self.node("MatMul", x, self.weight(self.channels[x], width))

    def activation(self, x: str) -> str:
        return self.node(self.draw(st.sampled_from(["Relu", "Sigmoid", "Tanh"])), x)

    def proto(self) -> onnx.ModelProto:
        """The graph, ended by a contraction of the last tensors."""
        ends = [self.linear(t, 3) for t in self.live[1:][-3:]]
        last = self.node("Sum", *ends)
        made = self.shape(3)
        graph = helper.make_graph(
            self.nodes,
            "random",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape(4))],
            [helper.make_tensor_value_info(last, TensorProto.FLOAT, made)],
            self.stored,
        )
        opsets = [helper.make_opsetid("", 18)]
        return helper.make_model(graph, ir_version=8, opset_imports=opsets)


# ------------------------------------------------------------------------------------------------- steps


def dense(net: Net) -> None:
    x, width = net.tensor(), net.pick(WIDTHS)
    h = net.node("Add", net.linear(x, width), net.vector(width))
    net.keep(net.activation(h), width)


def residual(net: Net) -> None:
    x, hidden = net.tensor(), net.pick(WIDTHS)
    h = net.activation(net.linear(x, hidden))
    net.channels[h] = hidden
    net.keep(net.node("Add", x, net.linear(h, net.channels[x])), net.channels[x])


def join(net: Net) -> None:
    x, y = net.tensor(), net.tensor()
    if net.channels[x] + net.channels[y] > WIDEST:
        return
    net.keep(net.node("Concat", x, y, axis=net.axis), net.channels[x] + net.channels[y])


def meet(net: Net) -> None:
    """Two tensors of one width are added or multiplied."""
    x = net.tensor()
    same = [t for t in net.live if net.channels[t] == net.channels[x]]
    op = net.draw(st.sampled_from(["Add", "Mul"]))
    net.keep(net.node(op, x, net.draw(st.sampled_from(same))), net.channels[x])


def cut(net: Net) -> None:
    """A Split, whose parts go on alone or in another order."""
    x = net.tensor()
    if net.channels[x] < 4:
        return
    first = net.draw(st.integers(1, net.channels[x] - 1))
    sizes = [first, net.channels[x] - first]
    a, b = net.node("Split", x, net.ints(*sizes), outputs=2, axis=net.axis).split()
    net.channels[a], net.channels[b] = sizes
    if net.draw(st.booleans()):
        net.keep(net.node("Concat", b, a, axis=net.axis), sum(sizes))
    else:
        net.keep(max((a, b), key=net.channels.__getitem__), max(sizes))


def gate(net: Net) -> None:
    """Halves of one projection, one of which gates the other."""
    x, width = net.tensor(), net.pick(WIDTHS)
    h = net.linear(x, 2 * width)
    a, b = net.node("Split", h, net.ints(width, width), outputs=2, axis=net.axis).split()
    net.keep(net.node("Mul", a, net.node("Sigmoid", b)), width)


def run(net: Net) -> None:
    x = net.tensor()
    n = net.channels[x]
    start = net.draw(st.integers(0, n - 2))
    end = net.draw(st.integers(start + 2, n))
    bounds = (start - n if net.draw(st.booleans()) else start, end if end < n else 2**63 - 1)
    made = net.node("Slice", x, *(net.ints(v) for v in (*bounds, net.axis)))
    net.keep(made, end - start)


def stride(net: Net) -> None:
    x = net.tensor()
    n = net.channels[x]
    if n % 2 or n < 4:
        return
    first = net.draw(st.integers(0, 1))
    net.keep(net.node("Slice", x, *(net.ints(v) for v in (first, n, net.axis, 2))), n // 2)


def permute(net: Net) -> None:
    """Two runs of indices change places."""
    x = net.tensor()
    n = net.channels[x]
    at = net.draw(st.integers(1, n - 1))
    net.keep(net.node("Gather", x, net.ints(*range(at, n), *range(at)), axis=net.axis), n)


def shuffle(net: Net) -> None:
    """The units become several axes, these change places, and are one again."""
    x = net.tensor()
    n = net.channels[x]
    parts = factorization(net, n)
    r = net.node("Reshape", x, net.ints(*net.shape(*parts)))
    order = net.draw(st.permutations(range(len(parts))))
    first, rest = net.axis, 2 if net.image else 0
    perm = [*range(first), *(first + k for k in order), *range(first + len(parts), first + len(parts) + rest)]
    t = net.node("Transpose", r, perm=perm)
    net.keep(net.node("Reshape", t, net.ints(*net.shape(n))), n)


def regroup(net: Net) -> None:
    """One layout becomes another without a detour over the flat one."""
    x = net.tensor()
    n = net.channels[x]
    a = net.node("Reshape", x, net.ints(*net.shape(*factorization(net, n))))
    b = net.node("Reshape", net.activation(a), net.ints(*net.shape(*factorization(net, n))))
    net.keep(net.node("Reshape", net.activation(b), net.ints(*net.shape(n))), n)


def factorization(net: Net, n: int) -> list[int]:
    parts: list[int] = []
    while n > 1:
        options = [d for d in range(2, n + 1) if n % d == 0]
        parts.append(net.pick(options))
        n //= parts[-1]
    return parts or [1]


def tile(net: Net) -> None:
    x = net.tensor()
    if 2 * net.channels[x] > WIDEST:
        return
    repeats = [1] * len(net.shape(1))
    repeats[net.axis] = 2
    net.keep(net.node("Tile", x, net.ints(*repeats)), 2 * net.channels[x])


def excite(net: Net) -> None:
    """A summary of space or time scales the units."""
    x = net.tensor()
    axes = (2, 3) if net.image else (1,)
    s = net.node("ReduceMean", x, net.ints(*axes))
    net.channels[s] = net.channels[x]
    net.keep(net.node("Mul", x, net.node("Sigmoid", net.linear(s, net.channels[x]))), net.channels[x])


def normalise(net: Net) -> None:
    x = net.tensor()
    n = net.channels[x]
    if net.image:
        ones = [net.store(np.abs(net.rng.standard_normal(n)).astype(np.float32) + 0.5) for _ in range(4)]
        net.keep(net.node("BatchNormalization", x, *ones), n)
    else:
        net.keep(net.node("LayerNormalization", x, net.vector(n), net.vector(n)), n)


def grouped(net: Net) -> None:
    """A grouped convolution, depthwise where the groups are as many as the channels."""
    x = net.tensor()
    n = net.channels[x]
    groups = net.pick([d for d in range(1, n + 1) if n % d == 0])
    made = groups * net.pick([1, 2, 3] if groups > 1 else [4, 6])
    weight = net.weight(made, n // groups, 3, 3)
    net.keep(
        net.node(
            "Conv",
            x,
            weight,
            net.store(net.rng.standard_normal(made).astype(np.float32)),
            group=groups,
            pads=[1, 1, 1, 1],
        ),
        made,
    )


def pad(net: Net) -> None:
    x = net.tensor()
    before, after = net.draw(st.integers(0, 2)), net.draw(st.integers(0, 2))
    net.keep(net.node("Pad", x, net.ints(0, before, 0, 0, 0, after, 0, 0)), net.channels[x] + before + after)


def attend(net: Net) -> None:
    """Attention with separate, fused or interleaved projections and, where separate, grouped queries."""
    x = net.tensor()
    heads, dim = net.pick([2, 3, 4]), net.pick([2, 3, 4])
    q, k, v = net.draw(st.sampled_from([_separate, _fused, _interleaved, _cut]))(net, x, heads, dim)
    scores = net.node("MatMul", q, net.node("Transpose", k, perm=[0, 1, 3, 2]))
    mixed = net.node("MatMul", net.node("Softmax", scores, axis=-1), v)
    back = net.node("Transpose", mixed, perm=[0, 2, 1, 3])
    flat = net.node("Reshape", back, net.ints(0, 0, -1))
    net.channels[flat] = heads * dim
    net.keep(net.node("Add", x, net.linear(flat, net.channels[x])), net.channels[x])


def _separate(net: Net, x: str, heads: int, dim: int) -> list[str]:
    groups = net.pick([g for g in range(1, heads + 1) if heads % g == 0])
    made = []
    for count in (heads, groups, groups):
        h = net.node("Reshape", net.linear(x, count * dim), net.ints(0, 0, count, dim))
        t = net.node("Transpose", h, perm=[0, 2, 1, 3])
        made.append(t if count == heads else _repeat(net, t, groups, heads // groups, dim))
    return made


def _repeat(net: Net, t: str, groups: int, repeats: int, dim: int) -> str:
    u = net.node("Unsqueeze", t, net.ints(2))
    e = net.node("Expand", u, net.ints(BATCH, groups, repeats, LENGTH, dim))
    return net.node("Reshape", e, net.ints(BATCH, groups * repeats, LENGTH, dim))


def _fused(net: Net, x: str, heads: int, dim: int) -> list[str]:
    """`(3 h d)`"""
    h = net.node("Reshape", net.linear(x, 3 * heads * dim), net.ints(0, 0, 3, heads, dim))
    t = net.node("Transpose", h, perm=[2, 0, 3, 1, 4])
    return [net.node("Gather", t, net.store(np.array(i)), axis=0) for i in range(3)]


def _interleaved(net: Net, x: str, heads: int, dim: int) -> list[str]:
    """`(h (q + k + v))`"""
    h = net.node("Reshape", net.linear(x, 3 * heads * dim), net.ints(0, 0, heads, 3 * dim))
    t = net.node("Transpose", h, perm=[0, 2, 1, 3])
    return net.node("Split", t, net.ints(dim, dim, dim), outputs=3, axis=3).split()


def _cut(net: Net, x: str, heads: int, dim: int) -> list[str]:
    """`(h d) + (h d) + (h d)`"""
    n = heads * dim
    parts = net.node("Split", net.linear(x, 3 * n), net.ints(n, n, n), outputs=3, axis=2).split()
    shaped = [net.node("Reshape", part, net.ints(0, 0, heads, dim)) for part in parts]
    return [net.node("Transpose", part, perm=[0, 2, 1, 3]) for part in shaped]


Step = Callable[[Net], None]

BOTH: list[Step] = [
    dense,
    residual,
    join,
    meet,
    cut,
    gate,
    run,
    stride,
    permute,
    shuffle,
    regroup,
    tile,
    excite,
    normalise,
]
STEPS: dict[bool, list[Step]] = {True: [*BOTH, grouped, grouped, pad], False: [*BOTH, attend, attend]}


@st.composite
def graphs(draw: st.DrawFn) -> onnx.ModelProto:
    """A model of 4 to 10 steps; the first is dense, so that something can be pruned at all."""
    net = Net(draw, draw(st.booleans()))
    dense(net)
    for _ in range(draw(st.integers(3, 9))):
        draw(st.sampled_from(STEPS[net.image]))(net)
    return net.proto()
