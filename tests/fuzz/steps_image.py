"""Steps on images, and between layouts."""

from __future__ import annotations

import numpy as np

from tests.fuzz.net import WIDEST, Net, Value
from tests.fuzz.step import step

# ------------------------------------------------------------------------------------------------- convolutions


@step("image")
def conv(net: Net, x: Value) -> Value:
    """A convolution, grouped or not."""
    n, kernel = x.channels, net.one((1, 3))
    groups = net.one([d for d in range(1, n + 1) if n % d == 0]) if net.flag() else 1
    made = groups * net.one([1, 2, 3] if groups > 1 else [4, 6, 8])
    if made > WIDEST:
        return x.named(net.node("Relu", x.name))
    inner = n // groups
    operands = [net.weight(made, inner, kernel, kernel, fan=inner * kernel**2)]
    operands += [net.weight(made)] if net.flag() else []
    how = {"pads": [kernel // 2] * 4} if net.flag(0.7) else {"auto_pad": "SAME_UPPER"}
    return x.named(net.node("Conv", x.name, *operands, group=groups, **how), made)


@step("image")
def depthwise(net: Net, x: Value) -> Value | None:
    n, times = x.channels, net.one((1, 1, 2))
    if n * times > WIDEST:
        return None
    y = net.node("Conv", x.name, net.weight(n * times, 1, 3, 3, fan=9), group=n, pads=[1, 1, 1, 1])
    return x.named(y, n * times)


@step("image")
def strided(net: Net, x: Value) -> Value | None:
    if x.shape[2] < 4:
        return None
    made = net.width()
    y = net.node("Conv", x.name, net.weight(made, x.channels, 2, 2, fan=4 * x.channels), strides=[2, 2])
    return Value(y, "image", (x.shape[0], made, x.shape[2] // 2, x.shape[3] // 2))


@step("image")
def conv_transpose(net: Net, x: Value) -> Value | None:
    n = x.channels
    if x.shape[2] > 8:
        return None
    groups = net.one([d for d in (1, 2, n) if n % d == 0])
    inner = net.one((1, 2, 3)) if groups > 1 else net.width()
    if groups * inner > WIDEST:
        return None
    operands = [net.weight(n, inner, 2, 2, fan=n // groups)]
    operands += [net.weight(groups * inner)] if net.flag() else []
    y = net.node("ConvTranspose", x.name, *operands, group=groups, strides=[2, 2])
    return Value(y, "image", (x.shape[0], groups * inner, 2 * x.shape[2], 2 * x.shape[3]))


@step("sequence")
def conv_1d(net: Net, x: Value) -> Value:
    """Along time, between two transpositions."""
    n = x.channels
    groups = net.one([d for d in (1, 2, n) if n % d == 0])
    made = groups * net.one((1, 2)) if groups > 1 else net.width()
    made = made if made <= WIDEST else groups
    t = net.transpose(x.name, 0, 2, 1)
    w = net.weight(made, n // groups, 3, fan=3 * n // groups)
    return x.named(net.transpose(net.node("Conv", t, w, group=groups, pads=[1, 1]), 0, 2, 1), made)


# ------------------------------------------------------------------------------------------------- space


@step("image")
def pool(net: Net, x: Value) -> Value | None:
    if x.shape[2] < 4:
        return None
    op = net.one(["MaxPool", "AveragePool", "LpPool"] if not net.recipe.half else ["MaxPool", "AveragePool"])
    y = net.node(op, x.name, kernel_shape=[2, 2], strides=[2, 2])
    return Value(y, "image", (*x.shape[:2], x.shape[2] // 2, x.shape[3] // 2))


@step("image")
def pool_in_place(net: Net, x: Value) -> Value:
    op = net.one(["MaxPool", "AveragePool"])
    return x.named(net.node(op, x.name, kernel_shape=[3, 3], pads=[1, 1, 1, 1]))


@step("image", since=13, floats=True)
def enlarge(net: Net, x: Value) -> Value | None:
    if x.shape[2] > 8:
        return None
    mode = net.one(["nearest", "linear"])
    if net.flag() or net.open_batch:
        sizes = ["", net.store(np.array([1, 1, 2, 2], np.float32))]
    else:
        sizes = ["", "", net.ints(*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3])]
    y = net.node("Resize", x.name, *sizes, mode=mode)
    return Value(y, "image", (*x.shape[:2], 2 * x.shape[2], 2 * x.shape[3]))


@step("image")
def pixel_shuffle(net: Net, x: Value) -> Value | None:
    """Channels become space, in one node or spelled out."""
    b, n, high, wide = x.shape
    if n % 4 or n < 8 or high > 8:
        return None
    made = (b, n // 4, 2 * high, 2 * wide)
    if net.flag():
        return Value(net.node("DepthToSpace", x.name, blocksize=2, mode=net.one(["DCR", "CRD"])), "image", made)
    r = net.reshape(x.name, x.shape, (b, n // 4, 2, 2, high, wide))
    t = net.transpose(r, 0, 1, 4, 2, 5, 3)
    return Value(net.reshape(t, (b, n // 4, high, 2, wide, 2), made), "image", made)


@step("image")
def pixel_unshuffle(net: Net, x: Value) -> Value | None:
    b, n, high, wide = x.shape
    if 4 * n > WIDEST or high < 4:
        return None
    return Value(net.node("SpaceToDepth", x.name, blocksize=2), "image", (b, 4 * n, high // 2, wide // 2))


@step("image")
def slices_of_space(net: Net, x: Value) -> Value | None:
    """Every second pixel, four times, side by side: the focus of a detector."""
    b, n, high, wide = x.shape
    if 4 * n > WIDEST or high < 4:
        return None
    parts = [net.slice(net.slice(x.name, i, high, 2, 2), j, wide, 3, 2) for i in (0, 1) for j in (0, 1)]
    return Value(net.node("Concat", *parts, axis=1), "image", (b, 4 * n, high // 2, wide // 2))


@step("image", closed=True)
def reflected(net: Net, x: Value) -> Value | None:
    if x.shape[2] < 3:
        return None
    y = net.node("Pad", x.name, net.ints(0, 0, 1, 1, 0, 0, 1, 1), mode=net.one(["reflect", "edge"]))
    return x.named(net.slice(net.slice(y, 1, 1 + x.shape[2], 2), 1, 1 + x.shape[3], 3))


# ------------------------------------------------------------------------------------------------- other layouts


@step("image")
def to_sequence(net: Net, x: Value) -> Value:
    """Pixels become tokens."""
    b, n, high, wide = x.shape
    if net.open_length:
        return x.named(net.node("Relu", x.name))
    if net.flag():
        r = net.reshape(x.name, x.shape, (b, n, high * wide))
        return Value(net.transpose(r, 0, 2, 1), "sequence", (b, high * wide, n))
    t = net.transpose(x.name, 0, 2, 3, 1)
    return Value(net.reshape(t, (b, high, wide, n), (b, high * wide, n)), "sequence", (b, high * wide, n))


@step("sequence", closed=True)
def to_image(net: Net, x: Value) -> Value | None:
    b, length, n = x.shape
    side = {4: 2, 16: 4, 64: 8}.get(length)
    if side is None:
        return None
    t = net.transpose(x.name, 0, 2, 1)
    return Value(net.reshape(t, (b, n, length), (b, n, side, side)), "image", (b, n, side, side))


@step("image", "sequence")
def to_flat(net: Net, x: Value) -> Value:
    """An average, the first token, or all there is."""
    b, n = x.shape[0], x.channels
    if x.kind == "image":
        whole = n * x.shape[2] * x.shape[3]
        if net.flag() and whole <= 128:
            return Value(net.node("Flatten", x.name), "flat", (b, whole))
        return Value(net.node("Flatten", net.node("GlobalAveragePool", x.name)), "flat", (b, n))
    if net.flag(0.3):
        return Value(net.node("Gather", x.name, net.store(np.array(0, np.int64)), axis=1), "flat", (b, n))
    if net.flag(0.3) and not net.open_length and x.shape[1] * n <= 128:
        whole = x.shape[1] * n
        return Value(net.reshape(x.name, x.shape, (b, whole)), "flat", (b, whole))
    return Value(net.reduce("ReduceMean", x.name, [1], keep=False), "flat", (b, n))


@step("flat")
def from_flat(net: Net, x: Value) -> Value | None:
    """Units become tokens or pixels."""
    b, n = x.shape
    if net.open_length:
        return None
    if n % 4 == 0 and net.flag():
        shape = (b, 4, n // 4) if net.flag() else (b, n // 4, 2, 2)
        return Value(net.reshape(x.name, x.shape, shape), "sequence" if len(shape) == 3 else "image", shape)
    return Value(net.unsqueeze(x.name, 1), "sequence", (b, 1, n))
