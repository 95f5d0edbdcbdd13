"""Means that are parts of a normalisation spelt out in primitive ops.

    layer normalisation                 d = x - mean(x),  d / sqrt(mean(d * d) + eps)
    root mean square normalisation      x / sqrt(mean(x * x) + eps)

Such a normalisation at a smaller width averages over that width, and runtimes fuse it by its form. So a mean is one of
its parts where it is subtracted from what it averages, or where it is one of squares and its root is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import onnx_graphsurgeon as gs

SAME = frozenset({"Cast", "Identity"})
"""Ops that give the numbers that they take."""

PLACED = SAME | frozenset("Unsqueeze Squeeze Reshape Flatten Expand Transpose".split())
"""Ops that give them in another shape."""

NUDGED = PLACED | frozenset({"Clip", "Sub"})
"""What may stand between a variance and its root: a floor, or the square of a mean that is taken off."""

BY_NUMBER = frozenset("Add Sum Max Mul Div".split())
ROOTS = frozenset({"Sqrt", "Pow", "Reciprocal"})
DEPTH = 6


def normalises(mean: gs.Node) -> bool:
    """Whether a ReduceMean is part of a normalisation that is spelt out."""
    return _centres(mean) or _is_variance(mean)


def _centres(mean: gs.Node) -> bool:
    """Whether what is averaged loses its mean."""
    source = _origin(mean.inputs[0], SAME)
    return any(
        node.op in ("Sub", "Add") and any(_origin(t, SAME) is source for t in node.inputs)
        for node in _readers(mean.outputs[0], lambda node, _: node.op in PLACED or node.op == "Neg")
    )


def _is_variance(mean: gs.Node) -> bool:
    """Whether squares are averaged and a root is taken of that."""
    reached = _readers(mean.outputs[0], lambda node, t: node.op in NUDGED or _is_by_number(node, t))
    return _is_square(_origin(mean.inputs[0], PLACED)) and any(node.op in ROOTS for node in reached)


def _is_square(tensor: gs.Tensor) -> bool:
    node = _maker(tensor)
    if node is None or node.op not in ("Mul", "Pow"):
        return False
    base, other = node.inputs
    if node.op == "Mul":
        return base is other
    return isinstance(other, gs.Constant) and bool(np.all(np.asarray(other.values) == 2))


def _is_by_number(node: gs.Node, tensor: gs.Tensor) -> bool:
    """Whether all that a node does to a tensor is to add a number, or to multiply by one."""
    others = [t for t in node.inputs if t is not tensor]
    return node.op in BY_NUMBER and all(t.shape is not None and all(d == 1 for d in t.shape) for t in others)


def _readers(tensor: gs.Tensor, passes: Callable[[gs.Node, gs.Tensor], bool]) -> Iterator[gs.Node]:
    """The nodes behind a tensor, as far as what is between lets it through."""
    level = [tensor]
    for _ in range(DEPTH):
        reads = [(node, t) for t in level for node in t.outputs]
        yield from (node for node, _ in reads)
        level = [made for node, t in reads if passes(node, t) for made in node.outputs]


def _origin(tensor: gs.Tensor, through: frozenset[str]) -> gs.Tensor:
    """Where a tensor comes from, through ops that change nothing that matters."""
    for _ in range(DEPTH):
        node = _maker(tensor)
        if node is None or node.op not in through:
            break
        tensor = node.inputs[0]
    return tensor


def _maker(tensor: gs.Tensor) -> gs.Node | None:
    return tensor.inputs[0] if tensor.inputs else None
