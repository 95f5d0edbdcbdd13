"""Following one element of a computed vector back to where it comes from."""

from __future__ import annotations

import numpy as np
import onnx_graphsurgeon as gs

Element = tuple[gs.Tensor, int]
"""A tensor of rank 0 or 1 and the position of an element in it."""


def trace(tensor: gs.Tensor, index: int) -> Element:
    """The vector, and the place in it, that an element is taken from unchanged, as far back as can be told."""
    best = at = (tensor, index)
    while (before := _step(*at)) is not None:
        at = before
        if len(at[0].shape or ()) == 1 and at[0].dtype == tensor.dtype:
            best = at
    return best


def _step(tensor: gs.Tensor, index: int) -> Element | None:
    maker = tensor.inputs[0] if len(tensor.inputs) == 1 else None
    if maker is None or maker.domain not in (None, "", "ai.onnx"):
        return None
    source = _SOURCES[maker.op](maker, index) if maker.op in _SOURCES else None
    if source is None or isinstance(source[0], gs.Constant) or _count(source[0]) is None:
        return None
    return source


def _count(tensor: gs.Tensor) -> int | None:
    """The number of elements of a scalar or vector."""
    if tensor.shape is None or len(tensor.shape) > 1:
        return None
    length = tensor.shape[0] if len(tensor.shape) else 1
    return length if isinstance(length, int) else None


def _of_concat(node: gs.Node, index: int) -> Element | None:
    for part in node.inputs:
        length = _count(part)
        if length is None:
            return None
        if index < length:
            return part, index
        index -= length
    return None


def _of_gather(node: gs.Node, index: int) -> Element | None:
    data, picked = node.inputs[0], node.inputs[1]
    length = _count(data)
    if length is None or not isinstance(picked, gs.Constant) or picked.values.ndim > 1:
        return None
    at = int(picked.values.reshape(-1)[index])
    return data, at + length if at < 0 else at


def _of_slice(node: gs.Node, index: int) -> Element | None:
    length = _count(node.inputs[0])
    bounds = _bounds(node)
    if length is None or bounds is None:
        return None
    return node.inputs[0], range(length)[slice(*bounds)][index]


def _bounds(node: gs.Node) -> list[int] | None:
    """Start, end and step of a Slice along the only axis."""
    if "starts" in node.attrs:
        return [node.attrs["starts"][0], node.attrs["ends"][0], 1]
    operands = [t for i, t in enumerate(node.inputs[1:]) if i != 2 and not t.is_empty()]
    if not all(isinstance(t, gs.Constant) and t.values.size == 1 for t in operands):
        return None
    return [int(t.values.reshape(-1)[0]) for t in operands]


def _of_cast(node: gs.Node, index: int) -> Element | None:
    """Lengths are in the range of every type of integers that producers compute them in."""
    types = [t.dtype for t in (node.inputs[0], node.outputs[0])]
    wide = all(t is not None and np.dtype(t).kind == "i" and np.dtype(t).itemsize >= 4 for t in types)
    return (node.inputs[0], index) if wide else None


def _of_same(node: gs.Node, index: int) -> Element | None:
    """Ops that leave a vector, or an only element, where it is."""
    return (node.inputs[0], index) if node.op == "Identity" or _count(node.inputs[0]) == 1 else None


_SOURCES = {
    "Concat": _of_concat,
    "Gather": _of_gather,
    "Slice": _of_slice,
    "Cast": _of_cast,
    "Identity": _of_same,
    "Squeeze": _of_same,
    "Unsqueeze": _of_same,
    "Reshape": _of_same,
}
