"""How precisely each tensor of a graph is computed: what the coarsest computation upstream of it allows."""

from __future__ import annotations

import math

import onnx_graphsurgeon as gs

from onnxprune.rewrite.nodes import Unmaskable, element
from onnxprune.runtime.verdict import HALF_TOLERANCES, QUANTISED_TOLERANCE

QUANTISERS = ("QuantizeLinear", "DynamicQuantize", "QLinear", "QGemm", "QAttention")
"""Beginnings of the names of ops that round to a step of a quantised range."""

MOST = 0.05
"""Rounding of quantisers in a row adds up, each on its own, to no more than this: wrong masks do more.

Flipped bits don't show it: they seldom move a number over the edge between two steps, where two sums may well lie.
"""

ROUNDED = 0.25
"""Allowed behind a quantiser where the network is proved without the rounding: what is left to see is the scales."""

Tolerances = dict[int, float]
"""id(tensor) -> relative error to be allowed on it, for those that need more than float32 does."""


def tolerances(graph: gs.Graph, known: Tolerances | None = None, *, rounded: bool = False) -> Tolerances:
    """The tolerance of every tensor that needs one. What is stored is exact, whatever its type.

    rounded: the network is proved without its quantisers
    """
    found: Tolerances = {} if known is None else known
    step, most = (ROUNDED, ROUNDED) if rounded else (QUANTISED_TOLERANCE, MOST)
    for node in graph.nodes:
        bodies = [v for v in node.attrs.values() if isinstance(v, gs.Graph)]
        for body in bodies:
            _enter(node, body, found)
            tolerances(body, found, rounded=rounded)
        inside = [found.get(id(t), 0.0) for body in bodies for t in body.outputs]
        coarse = max([found.get(id(t), 0.0) for t in node.inputs] + inside, default=0.0)
        for tensor in node.outputs:
            own = _own(node, tensor, step)
            allowed = min(math.hypot(coarse, own), most) if own and _quantises(node) else max(coarse, own)
            if allowed:
                found[id(tensor)] = allowed
    return found


def _enter(node: gs.Node, body: gs.Graph, found: Tolerances) -> None:
    """What goes into a body takes the tolerance of the coarsest thing that goes into its node."""
    coarse = max((found.get(id(t), 0.0) for t in node.inputs), default=0.0)
    if coarse:
        found.update(dict.fromkeys(map(id, body.inputs), coarse))


def _own(node: gs.Node, made: gs.Tensor, step: float) -> float:
    if _quantises(node):
        return 0.0 if isinstance(node.inputs[0], gs.Constant) else step
    if all(isinstance(t, gs.Constant) for t in node.inputs):
        return 0.0
    try:
        return HALF_TOLERANCES.get(element(made).name, 0.0)
    except Unmaskable:
        return 0.0


def _quantises(node: gs.Node) -> bool:
    return bool(node.op.startswith(QUANTISERS))
