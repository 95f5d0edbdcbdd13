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

import onnx_graphsurgeon as gs

from onnxprune.coupling.analysis import Analysis
from onnxprune.coupling.binding import Axes
from onnxprune.coupling.masks import Keep
from onnxprune.coupling.terms import Atom
from onnxprune.rewrite.front import Front, Maker, front, is_sigmoid
from onnxprune.rewrite.mask import Consumer
from onnxprune.rewrite.nodes import element
from onnxprune.rewrite.precision import tolerances
from onnxprune.runtime.verdict import Point

ELEMENTS = 2**22
"""How many numbers may be compared inside a model, by dense shapes."""

OPEN = 16
"""What a length counts that is known only at run time."""

SIGMOID = 0.025
"""Sigmoids are computed to a few times 2^-24, however small they are: 1e-5 of this."""


def compared(analysis: Analysis, keep: Keep, consumers: Iterable[Consumer], *, rounded: bool = False) -> list[Point]:
    """The points to compare for a pruning, in graph order; outputs only where they are judged in a way of their own.

    rounded: see `onnxprune.rewrite.precision`
    """
    graph = analysis.graph
    build = _Points(graph, analysis.terms, keep, rounded)
    fronts = {t.name: front(t, build.maker) for t in graph.outputs}
    wanted = {t.name: (t, True) for found in fronts.values() for t in found.tensors}
    for tensor in _chosen(consumers, keep, build.maker):
        wanted.setdefault(tensor.name, (tensor, False))
    points = {name: made for name, (t, needed) in wanted.items() if (made := build.inner(t, needed)) is not None}
    told = points.keys() | build.outputs
    behind = [(t, fronts[t.name]) for t in graph.outputs if fronts[t.name].tensors]
    derived = [build.derived(t, ahead) for t, ahead in behind if all(f.name in told for f in ahead.tensors)]
    judged = {p.name for p in derived}
    coarse = [p for t in graph.outputs if t.name not in judged and (p := build.coarse(t)) is not None]
    return sorted(points.values(), key=lambda p: build.order[p.name]) + derived + coarse


class _Points:
    """Makes the points of one graph."""

    def __init__(self, graph: gs.Graph, terms: Mapping[str, Axes], keep: Keep, rounded: bool) -> None:
        self.maker: Maker = {id(t): node for node in graph.nodes for t in node.outputs}
        self.order = {t.name: k for k, t in enumerate(t for node in graph.nodes for t in node.outputs)}
        self.outputs = {t.name for t in graph.outputs}
        self.allowed = tolerances(graph, rounded=rounded)
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
        kept = {i: self.keep.indices(t) for i, t in cut.items()}
        return Point(tensor.name, True, kept, required, tolerance=self.allowed.get(id(tensor), 0.0))

    def coarse(self, tensor: gs.Tensor) -> Point | None:
        """An output that is computed less precisely than its element type says; None where it is not."""
        allowed = self.allowed.get(id(tensor), 0.0)
        floor = SIGMOID if is_sigmoid(tensor, self.maker) else 0.0
        return Point(tensor.name, floor=floor, tolerance=allowed) if allowed or floor else None

    def derived(self, tensor: gs.Tensor, ahead: Front) -> Point:
        """An output that follows from what was compared in front of it: rounding may pick others, and coarse labels."""
        allowed = self.allowed.get(id(tensor), 0.0)
        label = element(tensor).kind not in "fV"
        free = (label and allowed) or ahead.picked
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
