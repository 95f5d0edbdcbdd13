"""Tensors whose elements were picked by comparing floats: rounding may pick others, so alone they are no evidence.

The boxes that a detector returns are gathered by the indices of its best scores. Where two scores are equal but for
rounding, both orders are right, and the outputs differ by as much as two boxes do.
"""

from __future__ import annotations

from collections.abc import Mapping

import onnx_graphsurgeon as gs

RANKING = frozenset({"TopK", "NonMaxSuppression"})
"""Ops that pick by the order of scores."""

CHOOSING = RANKING | frozenset("ArgMax ArgMin NonZero Unique Compress".split())
"""Ops whose result says where floats are largest, equal or not zero."""

GATHERING = frozenset("Gather GatherElements GatherND".split())
DEPTH = 16


def selects(node: gs.Node, maker: Mapping[int, gs.Node]) -> bool:
    """Whether a node picks elements by an index that a choice among floats has made.

    maker: id(tensor) -> the node that makes it
    """
    return node.op in GATHERING and len(node.inputs) > 1 and _chosen(node.inputs[1], maker)


def _chosen(index: gs.Tensor, maker: Mapping[int, gs.Node]) -> bool:
    """Whether an index tensor comes out of a choice, through whatever is done to integers."""
    ends, seen = [(index, 0)], {id(index)}
    while ends:
        tensor, depth = ends.pop()
        node = maker.get(id(tensor))
        if node is None or depth == DEPTH:
            continue
        if node.op in CHOOSING:
            return True
        fresh = [t for t in node.inputs if id(t) not in seen and t.dtype is not None and t.dtype.kind in "iub"]
        seen.update(id(t) for t in fresh)
        ends += [(t, depth + 1) for t in fresh]
    return False
