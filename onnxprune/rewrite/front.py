"""What stands in front of an output: the floats that it was squashed, joined or picked from.

An output that went through a Sigmoid, a Softmax, an ArgMax says little, one joined from parts of different size hides
the small ones, and where elements were picked by the order of computed scores, rounding may pick others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import onnx_graphsurgeon as gs

from onnxprune.rewrite.nodes import element
from onnxprune.rewrite.selected import RANKING, selects

Maker = Mapping[int, gs.Node]
"""id(tensor) -> the node of the outermost graph that makes it."""

SQUASHING = RANKING | frozenset(
    "Sigmoid HardSigmoid Softmax Hardmax Tanh Erf Clip Round Floor Ceil Sign ArgMax ArgMin Greater Less Equal "
    "GreaterOrEqual LessOrEqual Not And Or Concat Exp QuantizeLinear".split()
)
PASSING = frozenset(
    "Identity Cast Reshape Flatten Transpose Squeeze Unsqueeze Slice Split Gather Pad DequantizeLinear ReduceMax "
    "ReduceMin".split()
)
DEPTH = 32


@dataclass(frozen=True, slots=True)
class Front:
    """tensors: the computed floats in front of an output, none where nothing squashes, joins or picks; picked: whether
    elements were picked by computed scores on the way."""

    tensors: list[gs.Tensor]
    picked: bool


def front(output: gs.Tensor, maker: Maker) -> Front:
    """Walk from an output to the floats that the ops at its end were given."""
    found: dict[int, gs.Tensor] = {}
    squashed = picked = False
    ends = [(output, 0)]
    while ends:
        tensor, depth = ends.pop()
        node = maker.get(id(tensor))
        if node is None:
            continue
        picks = depth < DEPTH and selects(node, maker)
        squashes = picks or node.op in SQUASHING or _labels(node)
        if depth == DEPTH or not (squashes or node.op in PASSING):
            if tensor.dtype is not None and element(tensor).kind in "fV":
                found[id(tensor)] = tensor
            continue
        squashed |= squashes
        picked |= picks or node.op in RANKING
        ends += [(t, depth + 1) for t in node.inputs if id(t) in maker]
    return Front(list(found.values()) if squashed else [], picked)


def _labels(node: gs.Node) -> bool:
    return node.op == "Cast" and element(node.outputs[0]).kind not in "fV"


def is_sigmoid(tensor: gs.Tensor, maker: Maker) -> bool:
    """Whether an output is a Sigmoid's, in a body too, where what is in front of it can't be compared."""
    node = maker.get(id(tensor))
    while node is not None and (node.op in PASSING or node.op == "ReduceMean"):
        tensor = node.inputs[0]
        node = maker.get(id(tensor))
    if node is None or node.op == "Sigmoid":
        return node is not None
    place = next(i for i, made in enumerate(node.outputs) if made is tensor)
    bodies = [value for value in node.attrs.values() if isinstance(value, gs.Graph)] if node.op == "If" else []
    return any(is_sigmoid(b.outputs[place], {id(t): n for n in b.nodes for t in n.outputs}) for b in bodies)
