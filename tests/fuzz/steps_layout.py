"""Steps that make units, join, cut, repeat and reorder them."""

from __future__ import annotations

import numpy as np

from tests.fuzz.net import WIDEST, Net, Value
from tests.fuzz.step import step

# ------------------------------------------------------------------------------------------------- new units


@step()
def dense(net: Net, x: Value) -> Value:
    y = net.linear(x, net.width(), bias=net.flag())
    return y.named(net.node(net.one(["Relu", "Sigmoid", "Tanh", "Identity"]), y.name))


@step()
def residual(net: Net, x: Value) -> Value:
    h = net.linear(x, net.width(), bias=net.flag())
    y = net.linear(h.named(net.node("Relu", h.name)), x.channels)
    return x.named(net.node("Add", *net.one([(x.name, y.name), (y.name, x.name)])))


@step()
def glu(net: Net, x: Value) -> Value:
    """Halves of one projection, one of which gates the other; or two projections."""
    width = net.width()
    if net.flag(0.3):
        a, b = net.linear(x, width).name, net.linear(x, width).name
    else:
        a, b = _halves(net, net.linear(x, 2 * width))
    return x.named(net.node("Mul", a, net.node("Sigmoid", b)), width)


def _halves(net: Net, h: Value) -> list[str]:
    n = h.channels // 2
    if net.flag():
        return net.split(h.name, (n, n), net.one((h.axis, h.axis - len(h.shape))))
    return [net.slice(h.name, 0, n, h.axis), net.slice(h.name, n, 2**63 - 1, h.axis)]


@step()
def experts(net: Net, x: Value) -> Value:
    """Two branches, blended by a number per position that the input itself makes."""
    a, b = net.linear(x, n := net.width()), net.linear(x, n)
    gate = net.node("Sigmoid", net.linear(x, 1).name)
    rest = net.node("Sub", net.scalar(1.0), gate)
    return a.named(net.node("Add", net.node("Mul", a.name, gate), net.node("Mul", b.name, rest)))


# ------------------------------------------------------------------------------------------------- join and cut


@step()
def join(net: Net, x: Value) -> Value | None:
    same = [v for v in net.live if v.kind == x.kind and v.wide(1) == x.wide(1)]
    parts = [x, *(net.one(same) for _ in range(net.one((1, 1, 2))))]
    total = sum(v.channels for v in parts)
    if total > WIDEST:
        return None
    axis = net.one((x.axis, x.axis - len(x.shape)))
    return x.named(net.node("Concat", *(v.name for v in parts), axis=axis), total)


@step()
def cut(net: Net, x: Value) -> Value | None:
    """A Split, whose parts go on alone, apart or in another order."""
    n = x.channels
    if n < 4:
        return None
    first = net.rng.randint(1, n - 1) if net.flag(0.6) or n % 2 else n // 2
    sizes = [first, n - first]
    if net.flag(0.3) and n % 3 == 0:
        sizes = [n // 3] * 3
    parts = net.split(x.name, sizes, x.axis)
    if net.flag():
        return x.named(net.node("Concat", *reversed(parts), axis=x.axis), n)
    for name, size in zip(parts, sizes, strict=True):
        if size > 1:
            net.live.append(x.named(name, size))
    k = int(np.argmax(sizes))
    return x.named(parts[k], sizes[k])


@step()
def run(net: Net, x: Value) -> Value | None:
    """A Slice, with bounds from either end."""
    n = x.channels
    if n < 3:
        return None
    start = net.rng.randint(0, n - 2)
    end = net.rng.randint(start + 2, n)
    bounds = (start - n if net.flag() else start, net.one((2**63 - 1, n)) if end == n else net.one((end, end - n)))
    return x.named(net.slice(x.name, *bounds, x.axis), end - start)


@step()
def stride(net: Net, x: Value) -> Value | None:
    """Every second or third unit, forwards or backwards."""
    n, step = x.channels, net.one((2, 3, -1, -2))
    if n < 2 * abs(step):
        return None
    first = net.rng.randrange(abs(step))
    if step < 0:
        made = len(range(n - 1 - first, -1, step))
        return x.named(net.slice(x.name, -1 - first, -(2**63) + 1, x.axis, step), made)
    return x.named(net.slice(x.name, first, n, x.axis, step), len(range(first, n, step)))


@step()
def drop_and_pad(net: Net, x: Value) -> Value:
    """Pads of zeros along the units."""
    before, after = net.one((0, 1, 2)), net.one((0, 1, 2))
    pads = [0] * (2 * len(x.shape))
    pads[x.axis], pads[x.axis + len(x.shape)] = before, after
    return x.named(net.node("Pad", x.name, net.ints(*pads)), x.channels + before + after)


# ------------------------------------------------------------------------------------------------- reorder


@step()
def permute(net: Net, x: Value) -> Value | None:
    """Runs of units change places, or some are left out."""
    n = x.channels
    if n < 3:
        return None
    at = net.rng.randint(1, n - 1)
    index = net.one([[*range(at, n), *range(at)], [*range(n)][::-1], [*range(0, n, 2)], [*range(at, n), *range(n)]])
    index = [i - n for i in index] if net.flag(0.2) else index
    if len(index) > WIDEST:
        return None
    return x.named(net.node("Gather", x.name, net.ints(*index), axis=x.axis), len(index))


@step()
def shuffle(net: Net, x: Value) -> Value | None:
    """The units become several axes, these change places, and are one again."""
    parts = net.factors(x.channels)
    if len(parts) < 2 or (net.open_length and x.kind == "sequence" and len(parts) < 2):
        return None
    k = x.axis
    at = 1 if x.kind == "sequence" else None
    r = net.reshape(x.name, x.shape, x.wide(*parts), at)
    order = net.rng.sample(range(len(parts)), len(parts))
    perm = [*range(k), *(k + i for i in order), *range(k + len(parts), len(x.wide(*parts)))]
    if net.flag(0.3):
        r = net.node("Relu", r)
    return x.named(net.reshape(net.transpose(r, *perm), x.wide(*(parts[i] for i in order)), x.shape, at))


@step()
def regroup(net: Net, x: Value) -> Value:
    """One layout becomes another without a detour over the flat one."""
    first, second = net.factors(x.channels), net.factors(x.channels)
    at = 1 if x.kind == "sequence" else None
    a = net.reshape(x.name, x.shape, x.wide(*first), at)
    b = net.reshape(net.node("Tanh", a), x.wide(*first), x.wide(*second), at)
    if net.flag():  # a stored table in the middle ties what it broadcasts to
        b = net.node("Mul", b, net.weight(second[0], *[1] * (len(x.wide(*second)) - x.axis - 1)))
    return x.named(net.reshape(b, x.wide(*second), x.shape, at))


@step()
def turned(net: Net, x: Value) -> Value:
    """Through another layout and back."""
    perm = net.rng.sample(range(len(x.shape)), len(x.shape))
    y = net.node("Sigmoid", net.transpose(x.name, *perm))
    return x.named(net.transpose(y, *(perm.index(i) for i in range(len(perm)))))


# ------------------------------------------------------------------------------------------------- repeat


@step(closed=True)
def tile(net: Net, x: Value) -> Value | None:
    if 2 * x.channels > WIDEST:
        return None
    repeats = [1] * len(x.shape)
    repeats[x.axis] = 2
    return x.named(net.node("Tile", x.name, net.ints(*repeats)), 2 * x.channels)


@step()
def repeat(net: Net, x: Value) -> Value | None:
    """Every unit several times, or all of them several times: Unsqueeze, Expand, Reshape."""
    times, n, k = net.one((2, 3)), x.channels, x.axis
    if times * n > WIDEST:
        return None
    each = net.flag()
    u = net.unsqueeze(x.name, k + 1 if each else k)
    shape = x.wide(*((n, times) if each else (times, n)))
    target = [d if j in (k, k + 1) and not net.recipe.open else 1 for j, d in enumerate(shape)]
    target[k + 1 if each else k] = times
    e = net.node("Expand", u, net.ints(*target))
    at = 1 if x.kind == "sequence" else None
    return x.named(net.reshape(e, shape, x.wide(times * n), at), times * n)


@step()
def lift(net: Net, x: Value) -> Value:
    """An axis of one comes and goes."""
    k = net.rng.randint(0, len(x.shape))
    u = net.unsqueeze(x.name, k)
    return x.named(net.squeeze(net.node("Relu", u), k))


@step()
def one_unit(net: Net, x: Value) -> Value:
    """One unit scales all."""
    i = net.rng.randrange(x.channels)
    i = net.one((i, i - x.channels))
    if net.flag():
        g = net.unsqueeze(net.node("Gather", x.name, net.store(np.array(i, np.int64)), axis=x.axis), x.axis)
    else:
        g = net.slice(x.name, i, i + 1 if i != -1 else 2**63 - 1, x.axis)
    return x.named(net.node("Mul", x.name, net.node("Sigmoid", g)))


@step(closed=True)
def fill(net: Net, x: Value) -> Value:
    """A tensor of one number in the shape of another."""
    if net.flag():
        shape = net.ints(*x.shape) if net.flag() else net.node("Shape", x.name)
        made = net.node("ConstantOfShape", shape)
    else:
        made = net.node("Mul", x.name, net.scalar(0.0))
    return x.named(net.node("Max", x.name, made) if not net.recipe.half else net.node("Mul", x.name, x.name))
