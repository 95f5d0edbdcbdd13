"""Lengths that are read at run time: the axes must keep them."""

from __future__ import annotations

import onnx_graphsurgeon as gs

from onnxprune.coupling.grounds import Ground, Reason
from onnxprune.coupling.ops.pointwise import axis_letters
from onnxprune.coupling.rule import NodeView, rule
from onnxprune.coupling.spec import Spec

Entries = set[int]

READ: str = Reason("its length is read by Shape", Ground.LENGTH)


@rule("Shape")
def shape(node: NodeView) -> Spec:
    """Every length that somebody reads must stay; which ones are read, the readers tell."""
    rank = node.rank()
    window = range(rank)[node.attr("start", 0) : node.attr("end", rank)]
    read = {window[i] for i in _read(node, len(window))}
    locked = {f"a{i}": READ for i in read if node.shape(0)[i] is not None}
    return Spec(f"{axis_letters(rank)} -> *", locked=locked)


@rule("Size")
def size(node: NodeView) -> Spec:
    """The number of elements is read."""
    rank = node.rank()
    return Spec(f"{axis_letters(rank)} ->", locked={f"a{i}": "counted by Size" for i in range(rank)})


def _read(node: NodeView, count: int) -> Entries:
    """The entries of the vector of `count` that a node puts out which somebody reads."""
    readers = node.readers()
    if readers is None:
        return set(range(count))
    return set().union(
        *(_read_by(NodeView(r, node.opset, node.results, node.fixed), node.node.outputs[0], count) for r in readers)
    )


def _read_by(reader: NodeView, tensor: gs.Tensor, count: int) -> Entries:
    """The entries that one reader reads, looking through those that only pick, join or convert."""
    positions = list(range(count))
    op = reader.node.op
    if op in ("Cast", "Identity"):
        return _read(reader, count)
    if op == "Gather" and (index := reader.value(1)) is not None and reader.node.inputs[0] is tensor:
        return {positions[int(i)] for i in index.ravel()}
    if op == "Slice" and (picked := _window(reader, positions)) is not None:
        return {picked[i] for i in _read(reader, len(picked))}
    if op == "Concat":
        return _read_joined(reader, tensor, count)
    return set(positions)


def _window(reader: NodeView, positions: list[int]) -> list[int] | None:
    """What a Slice by constant bounds leaves of a vector, or None where the bounds are computed."""
    if any(reader.given(i) and not reader.is_weight(i) for i in range(1, 5)):
        return None
    starts, ends, steps = reader.ints(1, "starts"), reader.ints(2, "ends"), reader.ints(4) or [1]
    return positions[starts[0] : ends[0] : steps[0]] if starts and ends else None


def _read_joined(reader: NodeView, tensor: gs.Tensor, count: int) -> Entries:
    """Through a Concat of vectors of known length."""
    sizes = [reader.shape(i)[0] for i in range(reader.inputs)]
    if None in sizes:
        return set(range(count))
    known = [s for s in sizes if s is not None]
    live = _read(reader, sum(known))
    starts = [sum(known[:i]) for i, t in enumerate(reader.node.inputs) if t is tensor]
    return {i for i in range(count) if any(start + i in live for start in starts)}
