"""Picking by index."""

from itertools import pairwise

import numpy as np

from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.ops.join import at
from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.rule import Fenced, NodeView, rule
from onnxprune.coupling.spec import Length, Spec

MAX_RUNS = 64

LOOKED_UP: str = Reason("looked up by index", Ground.INDEX)
WRITTEN: str = Reason("written by index", Ground.INDEX)


@rule("Gather")
def gather(node: NodeView) -> Spec:
    """Constant indices cut the axis into runs; computed ones lock it. Other axes pass."""
    rank = node.rank()
    axis = node.axis(node.attr("axis", 0))
    size = node.shape(0)[axis]
    index = node.value(1)
    picked = index is not None and size is not None and index.ndim < 2 and not node.is_weight(0)
    if picked and index is not None and size is not None:
        wrapped = _wrapped(index, size)
        if wrapped.ndim == 0:
            return _pick_one(rank, axis, size, int(wrapped), stored=int(index))
        runs = _runs(wrapped)
        if runs is not None:
            return _pick_runs(rank, axis, size, runs)
    return _look_up(node, rank, axis)


def _wrapped(index: np.ndarray, size: int) -> np.ndarray:
    """Indices counted from the front."""
    wrapped = np.where(index < 0, index + size, index)
    if ((wrapped < 0) | (wrapped >= size)).any():
        raise Fenced(f"an index beyond its axis of {size}")
    return wrapped


def _look_up(node: NodeView, rank: int, axis: int) -> Spec:
    names = [f"i{k}" for k in range(node.rank(1))]
    after = axis_letters(rank).split()
    after[axis : axis + 1] = names
    text = f"{axis_letters(rank)}, {' '.join(names)} -> {' '.join(after)}"
    return Spec(text, locked={f"a{axis}": LOOKED_UP})


def _pick_one(rank: int, axis: int, size: int, index: int, stored: int) -> Spec:
    """stored: the index as it is written down; the first unit is the first of however many, but not as `-size`."""
    sizes = {"p": index, "q": size - 1 - index}
    after = " ".join(f"a{i}" for i in range(rank) if i != axis)
    lengths = (Length(1, ("p",)),) if stored else ()
    return Spec(f"{at(rank, axis, '(p + 1 + q)')}, _ -> {after}", sizes=sizes, lengths=lengths)


def _runs(index: np.ndarray) -> list[tuple[int, int]] | None:
    """(first index, length) of the maximal ascending runs, or None where they overlap or are too many."""
    if not index.size:
        return None
    breaks = np.flatnonzero(np.diff(index) != 1) + 1
    if len(breaks) >= MAX_RUNS:
        return None
    runs = [(int(part[0]), len(part)) for part in np.split(index, breaks)]
    ordered = sorted(runs)
    overlap = any(a + n > b for (a, n), (b, _) in pairwise(ordered))
    return None if overlap else runs


def _pick_runs(rank: int, axis: int, size: int, runs: list[tuple[int, int]]) -> Spec:
    sizes: dict[str, int] = {}
    segments: list[str] = []
    end = 0
    for first, length in [*sorted(runs), (size, 0)]:
        if first > end:
            segments.append(f"s{end}")
            sizes[f"s{end}"] = first - end
        if length:
            segments.append(f"s{first}")
            sizes[f"s{first}"] = length
        end = first + length
    before = _sum(segments)
    after = _sum([f"s{first}" for first, _ in runs])
    lengths = (Length(1, (before, after), kind="index"),)
    return Spec(f"{at(rank, axis, before)}, _ -> {at(rank, axis, after)}", sizes=sizes, lengths=lengths)


def _sum(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({' + '.join(parts)})"


@rule("GatherElements")
def gather_elements(node: NodeView) -> Spec:
    """The index has the output's shape; only axes of equal length could be kept in step."""
    rank, axis = node.rank(), node.axis(node.attr("axis", 0))
    lengths = [(a, b) for a, b in zip(node.shape(0), node.shape(1), strict=True)]
    passing = [i for i, (a, b) in enumerate(lengths) if i != axis and a == b and a is not None]
    before = " ".join(f"a{i}" for i in range(rank))
    after = " ".join(f"a{i}" if i in passing else f"b{i}" for i in range(rank))
    why = LOOKED_UP
    locked = {f"{side}{i}": why for i in range(rank) if i not in passing for side in "ab"}
    return Spec(f"{before}, {after} -> {after}", locked=locked)


@rule("GatherND")
def gather_nd(node: NodeView) -> Spec:
    """The last axis of the index names leading axes of the data; axes behind them pass."""
    batch = int(node.attr("batch_dims", 0))
    depth = node.shape(1)[-1]
    if depth is None:
        raise Fenced("GatherND with an index of unknown depth")
    picked = _pick_first(node) if not batch and depth == 1 else None
    if picked is not None:
        return picked
    names = axis_letters(node.rank()).split()
    shared, looked, rest = names[:batch], names[batch : batch + depth], names[batch + depth :]
    index = [f"i{k}" for k in range(node.rank(1) - 1 - batch)]
    locked = dict.fromkeys(looked, LOOKED_UP)
    text = f"{' '.join(names)}, {' '.join([*shared, *index])} d -> {' '.join([*shared, *index, *rest])}"
    return Spec(text, locked=locked | {"d": "the depth of an index"})


def _pick_first(node: NodeView) -> Spec | None:
    """GatherND by a stored list of positions on the first axis is a Gather: so torch writes `x[..., [2], :]`."""
    index, size = node.value(1), node.shape(0)[0]
    if index is None or size is None or index.ndim > 2 or node.is_weight(0):
        return None
    wrapped = _wrapped(index[..., 0], size)
    if wrapped.ndim == 0:
        return _pick_one(node.rank(), 0, size, int(wrapped), stored=int(index[0]))
    runs = _runs(wrapped)
    return None if runs is None else _pick_runs(node.rank(), 0, size, runs)


@rule("ScatterElements", "Scatter")
def scatter_elements(node: NodeView) -> Spec:
    """Axes on which data, index and updates have the same length pass; others are written by index."""
    rank, axis = node.rank(), node.axis(node.attr("axis", 0))
    same = [i for i in range(rank) if i != axis and node.shape(0)[i] == node.shape(1)[i] is not None]
    data = axis_letters(rank)
    index = " ".join(f"a{i}" if i in same else f"b{i}" for i in range(rank))
    locked = {f"{side}{i}": WRITTEN for i in range(rank) if i not in same for side in "ab"}
    return Spec(f"{data}, {index}, {index} -> {data}", locked=locked)


@rule("ScatterND")
def scatter_nd(node: NodeView) -> Spec:
    """Axes behind those that the index names pass."""
    depth = node.shape(1)[-1]
    if depth is None:
        raise Fenced("ScatterND with an index of unknown depth")
    names = axis_letters(node.rank()).split()
    index = [f"i{k}" for k in range(node.rank(1) - 1)]
    locked = dict.fromkeys([*names[:depth], *index], WRITTEN) | {"d": "the depth of an index"}
    updates = " ".join([*index, *names[depth:]])
    return Spec(f"{' '.join(names)}, {' '.join(index)} d, {updates} -> {' '.join(names)}", locked=locked)


@rule("OneHot")
def one_hot(node: NodeView) -> Spec:
    """The new axis counts classes."""
    rank = node.rank() + 1
    axis = node.axis(node.attr("axis", -1), rank)
    before = " ".join(f"a{i}" for i in range(rank) if i != axis)
    after = " ".join("d" if i == axis else f"a{i}" for i in range(rank))
    return Spec(f"{before}, _, _ -> {after}", locked={"d": "classes of OneHot"})


@rule("TensorScatter")
def tensor_scatter(node: NodeView) -> Spec:
    """Rows of a cache are overwritten along one axis, from an index for every entry of the batch."""
    axis = node.axis(node.attr("axis", -2))
    cache = axis_letters(node.rank())
    update = at(node.rank(), axis, "s")
    locked = dict.fromkeys((f"a{axis}", "s"), WRITTEN)
    return Spec(f"{cache}, {update}, a0 -> {cache}", locked=locked)


@rule("Compress")
def compress(node: NodeView) -> Spec:
    """How much is left of the axis depends on the condition's values; the others pass."""
    axis = node.attr("axis")
    if axis is None:
        raise Fenced("Compress without an axis flattens, and its output has a length that depends on values")
    names = axis_letters(node.rank())
    axis = node.axis(int(axis))
    locked = dict.fromkeys((f"a{axis}", "k", "s"), "its output has a length that depends on values")
    return Spec(f"{names}, s -> {at(node.rank(), axis, 'k')}", locked=locked)


@rule("NonZero", "Unique", "NonMaxSuppression")
def by_value(node: NodeView) -> Spec:
    """What comes out depends on values: fenced."""
    raise Fenced(f"{node.node.op} has an output whose length depends on values")
