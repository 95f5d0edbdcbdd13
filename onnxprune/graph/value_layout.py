"""Shape arithmetic that moves elements: lengths are read, picked, joined and laid out anew."""

from __future__ import annotations

import math

import numpy as np

from onnxprune.graph.values import MAX_ELEMENTS, Made, Unknown, Values, View, evaluates, scalar, vector


@evaluates("Shape")
def shape(node: View) -> Made:
    """Lengths of the input, from `start` to `end`."""
    return vector(node.shape()[node.attr("start", 0) : node.node.attrs.get("end")])


@evaluates("Size")
def size(node: View) -> Made:
    """The number of elements, where all lengths are known."""
    lengths = [d for d in node.shape() if isinstance(d, int)]
    return scalar(math.prod(lengths)) if len(lengths) == len(node.shape()) else None


@evaluates("Identity", "Cast")
def same(node: View) -> Made:
    """The output's type does the rest."""
    return node.values(0)


@evaluates("Gather")
def gather(node: View) -> Made:
    """Elements along one axis."""
    index = node.numbers(1)
    picked = np.take(node.values(0), index.astype(np.int64), axis=node.attr("axis", 0))
    return picked if isinstance(picked, np.ndarray) else scalar(picked)


@evaluates("GatherND")
def gather_nd(node: View) -> Made:
    """One element for every row of the index."""
    index = node.numbers(1).astype(np.int64)
    data = node.values(0)
    if node.attr("batch_dims", 0) or index.shape[-1] != data.ndim:
        raise Unknown
    return vector([data[tuple(row)] for row in index.reshape(-1, data.ndim)]).reshape(index.shape[:-1])


@evaluates("ScatterND")
def scatter_nd(node: View) -> Made:
    """A copy of the data with some elements replaced."""
    data, index, updates = node.values(0).copy(), node.numbers(1).astype(np.int64), node.values(2)
    if index.shape[-1] != data.ndim or node.node.attrs.get("reduction", "none") != "none":
        raise Unknown
    for row, update in zip(index.reshape(-1, data.ndim), updates.ravel(), strict=True):
        data[tuple(row)] = update
    return data


@evaluates("Slice")
def slice_(node: View) -> Made:
    """A window along some axes. Bounds are clamped as Python's are."""
    data = node.values(0)
    starts, ends = node.ints(1, "starts"), node.ints(2, "ends")
    if starts is None or ends is None:
        raise Unknown
    axes = node.ints(3, "axes") or list(range(len(starts)))
    steps = node.ints(4) or [1] * len(starts)
    window = [slice(None)] * data.ndim
    for axis, *bounds in zip(axes, starts, ends, steps, strict=True):
        window[axis] = slice(*bounds)
    return data[tuple(window)]


@evaluates("Concat")
def concat(node: View) -> Made:
    """Parts one after the other; a part of known shape whose elements are unknown still counts."""
    return np.concatenate([_part(node, i) for i in range(len(node.node.inputs))], axis=node.attr("axis", 0))


def _part(node: View, i: int) -> Values:
    try:
        return node.values(i)
    except Unknown:
        lengths = [d for d in node.shape(i) if isinstance(d, int)]
        if len(lengths) != len(node.shape(i)) or math.prod(lengths) > MAX_ELEMENTS:
            raise
        return np.full(lengths, None, object)


@evaluates("Split")
def split(node: View) -> Made:
    """Parts along one axis."""
    data, axis, count = node.values(0), node.attr("axis", 0), len(node.node.outputs)
    sizes = node.ints(1, "split") or even_parts(data.shape[axis], count)
    return np.split(data, np.cumsum(sizes)[:-1], axis)


def even_parts(length: int, count: int) -> list[int]:
    """Lengths of the parts of a Split that doesn't say: equal, the last one shorter."""
    chunk = -(-length // count)
    return [max(min(chunk, length - i * chunk), 0) for i in range(count)]


@evaluates("Reshape")
def reshape(node: View) -> Made:
    """The same elements in another shape."""
    data, target = node.values(0), [int(d) for d in node.numbers(1).ravel()]
    if not node.attr("allowzero", 0):
        target = [data.shape[i] if d == 0 else d for i, d in enumerate(target)]
    return data.reshape(target)


@evaluates("Flatten")
def flatten(node: View) -> Made:
    """Two axes: those before `axis` and those from it on."""
    data, axis = node.values(0), node.attr("axis", 1)
    return data.reshape(math.prod(data.shape[: axis % (data.ndim + 1) if axis < 0 else axis]), -1)


@evaluates("Transpose")
def transpose(node: View) -> Made:
    """Axes in another order."""
    return node.values(0).transpose(node.node.attrs.get("perm"))


@evaluates("Squeeze")
def squeeze(node: View) -> Made:
    """Without axes of length 1."""
    axes = node.ints(1, "axes")
    return np.squeeze(node.values(0), None if axes is None else tuple(axes))


@evaluates("Unsqueeze")
def unsqueeze(node: View) -> Made:
    """With new axes of length 1."""
    return np.expand_dims(node.values(0), tuple(node.ints(1, "axes") or ()))


@evaluates("Expand")
def expand(node: View) -> Made:
    """Broadcast to a shape."""
    data = node.values(0)
    return np.broadcast_to(data, _small(np.broadcast_shapes(data.shape, tuple(node.ints(1) or ()))))


@evaluates("Tile")
def tile(node: View) -> Made:
    """Repeated along each axis."""
    data, repeats = node.values(0), node.ints(1) or []
    _small([d * r for d, r in zip(data.shape, repeats, strict=True)])
    return np.tile(data, repeats)


@evaluates("ConstantOfShape")
def constant_of_shape(node: View) -> Made:
    """One value everywhere."""
    fill = node.node.attrs.get("value")
    return np.full(_small(node.ints(0) or ()), 0.0 if fill is None else fill.values.ravel()[0].item(), object)


@evaluates("Range")
def range_(node: View) -> Made:
    """Numbers from start to limit by delta."""
    start, limit, delta = (node.numbers(i).item() for i in range(3))
    _small([max(math.ceil((limit - start) / delta), 0)])
    return vector(np.arange(start, limit, delta).tolist())


@evaluates("NonZero")
def non_zero(node: View) -> Made:
    """Where the elements are: a row for every axis."""
    return np.array(np.nonzero(node.numbers(0))).astype(object)


def _small(lengths: tuple[int, ...] | list[int]) -> tuple[int, ...]:
    """The shape, if it has few elements."""
    if math.prod(lengths) > MAX_ELEMENTS:
        raise Unknown
    return tuple(lengths)
