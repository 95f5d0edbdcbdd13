"""What the oracle compares, beside the outputs.

    in front     an output that was squashed (by a Sigmoid, a Softmax, an ArgMax, ...), joined from parts of different
                 size, or picked by the order of computed scores says little; the tensors it was made from are compared
                 in its place
    consumers    what an op made of masked operands shows a wrong mask before anything can drown it; one for every
                 group at least, as far as memory allows

Names survive the rewrite, so both models have these tensors; where an axis lost units, the kept ones are compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.coupling.analysis import Analysis
from onnxprune.coupling.binding import Axes
from onnxprune.coupling.masks import Keep
from onnxprune.coupling.terms import Atom
from onnxprune.rewrite.mask import Consumer
from onnxprune.rewrite.nodes import element
from onnxprune.rewrite.precision import tolerances
from onnxprune.rewrite.selected import selects
from onnxprune.runtime.verdict import Point

Maker = Mapping[int, gs.Node]
"""id(tensor) -> the node of the outermost graph that makes it."""

ELEMENTS = 2**22
"""How many numbers may be compared inside a model, by dense shapes."""

OPEN = 16
"""What a length counts that is known only at run time."""

SQUASHING = frozenset(
    "Sigmoid HardSigmoid Softmax Hardmax Tanh Erf Clip Round Floor Ceil Sign ArgMax ArgMin TopK Greater Less Equal "
    "GreaterOrEqual LessOrEqual Not And Or Concat Exp QuantizeLinear NonMaxSuppression".split()
)
PASSING = frozenset(
    "Identity Cast Reshape Flatten Transpose Squeeze Unsqueeze Slice Split Gather Pad DequantizeLinear ReduceMax "
    "ReduceMin".split()
)
DEPTH = 32

SIGMOID = 0.025
"""Sigmoids are computed to a few times 2^-24, however small they are: 1e-5 of this."""


def compared(analysis: Analysis, keep: Keep, consumers: Iterable[Consumer]) -> list[Point]:
    """The points to compare for a pruning, in graph order; outputs only where they are judged in a way of their own."""
    graph = analysis.graph
    build = _Points(graph, analysis.terms, keep)
    fronts = {t.name: front(t, build.maker) for t in graph.outputs}
    wanted = {t.name: (t, True) for found in fronts.values() for t in found}
    for tensor in _chosen(consumers, keep, build.maker):
        wanted.setdefault(tensor.name, (tensor, False))
    points = {name: made for name, (t, needed) in wanted.items() if (made := build.inner(t, needed)) is not None}
    told = points.keys() | build.outputs
    derived = [
        build.derived(t) for t in graph.outputs if fronts[t.name] and all(f.name in told for f in fronts[t.name])
    ]
    judged = {p.name for p in derived}
    coarse = [p for t in graph.outputs if t.name not in judged and (p := build.coarse(t)) is not None]
    return sorted(points.values(), key=lambda p: build.order[p.name]) + derived + coarse


class _Points:
    """Makes the points of one graph."""

    def __init__(self, graph: gs.Graph, terms: Mapping[str, Axes], keep: Keep) -> None:
        self.maker: Maker = {id(t): node for node in graph.nodes for t in node.outputs}
        self.order = {t.name: k for k, t in enumerate(t for node in graph.nodes for t in node.outputs)}
        self.outputs = {t.name for t in graph.outputs}
        self.allowed = tolerances(graph)
        self.terms = terms
        self.keep = keep

    def inner(self, tensor: gs.Tensor, required: bool) -> Point | None:
        """A tensor inside the graph; None where it is an output anyway, or what is kept of it can't be told."""
        axes = self.terms.get(tensor.name)
        if tensor.name in self.outputs or axes is None:
            return None
        cut = {i: t for i, t in enumerate(axes) if self.keep.touches(t)}
        if any(t.size is None for t in cut.values()):
            return None
        kept = {i: np.flatnonzero(self.keep.mask(t)) for i, t in cut.items()}
        return Point(tensor.name, True, kept, required, tolerance=self.allowed.get(id(tensor), 0.0))

    def coarse(self, tensor: gs.Tensor) -> Point | None:
        """An output that is computed less precisely than its element type says; None where it is not."""
        allowed = self.allowed.get(id(tensor), 0.0)
        floor = SIGMOID if _is_sigmoid(tensor, self.maker) else 0.0
        return Point(tensor.name, floor=floor, tolerance=allowed) if allowed or floor else None

    def derived(self, tensor: gs.Tensor) -> Point:
        """An output that follows from what was compared in front of it: rounding may pick others, and coarse labels."""
        allowed = self.allowed.get(id(tensor), 0.0)
        label = element(tensor).kind not in "fV"
        free = (label and allowed) or _is_picked(tensor, self.maker)
        return Point(tensor.name, required=False, floor=1.0, tolerance=math.inf if free else allowed)


def hidden(graph: gs.Graph, consumers: Iterable[Consumer]) -> dict[str, str]:
    """Witnesses of the consumers inside bodies, which may not run, with the words for each; none of dead branches."""
    outer = {id(t) for node in graph.nodes for t in node.outputs}
    inside = [c for c in consumers if not any(id(t) in outer for t in c.made)]
    dead = set(_dead(graph)) if inside else set()
    return {c.witness: f"{c.binding.node.op} '{c.made[0].name}'" for c in inside if c.witness not in dead}


def _dead(graph: gs.Graph, dead: bool = False) -> Iterator[str]:
    """Names of the nodes in branches that can't run (see `onnxprune.graph.ranks`)."""
    for node in graph.nodes:
        if dead:
            yield node.name
        live = getattr(node, "live", "")
        for name, value in node.attrs.items():
            if isinstance(value, gs.Graph):
                yield from _dead(value, dead or (bool(live) and name != live))


def front(output: gs.Tensor, maker: Maker) -> list[gs.Tensor]:
    """The computed floats in front of the ops that squash or join them into an output; none where nothing does."""
    found: dict[int, gs.Tensor] = {}
    squashed = False
    ends = [(output, 0)]
    while ends:
        tensor, depth = ends.pop()
        node = maker.get(id(tensor))
        squashes = node is not None and (_squashes(node) or selects(node, maker))
        if node is None or depth == DEPTH or not (squashes or node.op in PASSING):
            if node is not None and tensor.dtype is not None and element(tensor).kind in "fV":
                found[id(tensor)] = tensor
            continue
        squashed |= squashes
        ends += [(t, depth + 1) for t in node.inputs if id(t) in maker]
    return list(found.values()) if squashed else []


def _is_sigmoid(tensor: gs.Tensor, maker: Maker) -> bool:
    """Whether an output is a Sigmoid's, in a body too, where what is in front of it can't be compared."""
    node = maker.get(id(tensor))
    while node is not None and (node.op in PASSING or node.op == "ReduceMean"):
        tensor = node.inputs[0]
        node = maker.get(id(tensor))
    if node is None or node.op == "Sigmoid":
        return node is not None
    place = next(i for i, made in enumerate(node.outputs) if made is tensor)
    bodies = [value for value in node.attrs.values() if isinstance(value, gs.Graph)] if node.op == "If" else []
    return any(_is_sigmoid(b.outputs[place], {id(t): n for n in b.nodes for t in n.outputs}) for b in bodies)


def _is_picked(output: gs.Tensor, maker: Maker) -> bool:
    """Whether elements were picked by computed scores somewhere between an output and what is in front of it."""
    ends = [(output, 0)]
    while ends:
        tensor, depth = ends.pop()
        node = maker.get(id(tensor))
        if node is None or depth == DEPTH:
            continue
        if selects(node, maker) or node.op in ("TopK", "NonMaxSuppression"):
            return True
        if node.op in PASSING or _squashes(node):
            ends += [(t, depth + 1) for t in node.inputs]
    return False


def _squashes(node: gs.Node) -> bool:
    return node.op in SQUASHING or (node.op == "Cast" and element(node.outputs[0]).kind not in "fV")


def _chosen(consumers: Iterable[Consumer], keep: Keep, maker: Maker) -> list[gs.Tensor]:
    """Outputs of consumers, small ones first: at least one for every group, then others, while there is room."""
    outer = [(c, t) for c in consumers for t in c.made if id(t) in maker]
    outer.sort(key=lambda pair: _elements(pair[1]))
    seen: set[Atom] = set()
    first: list[gs.Tensor] = []
    rest: list[gs.Tensor] = []
    for consumer, tensor in outer:
        atoms = consumer.atoms(keep)
        (rest if atoms <= seen else first).append(tensor)
        seen |= atoms
    chosen: list[gs.Tensor] = []
    room = ELEMENTS
    for tensor in first + rest:
        room -= _elements(tensor)
        if room < 0:
            break
        chosen.append(tensor)
    return chosen


def _elements(tensor: gs.Tensor) -> int:
    return math.prod(d if isinstance(d, int) else OPEN for d in tensor.shape or ())
