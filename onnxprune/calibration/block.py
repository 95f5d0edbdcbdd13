"""Blocks: what lies between two points of a residual stream, found in any graph by its additions.

The block of a group is the nearest addition one side of which is computed from all that touches the group's units and
the other side from none of it, both of one shape. What goes into the block is the side without: what the group's units
were computed from, or, where a layer stands on the way round (the projection of a ResNet), what that makes of it. What
comes out is the sum. Groups in a chain without additions, and such as a stretch of it that changes the shape, have no
block. A group that reaches over additions, as the channels of the stream itself, has the blocks of all groups whose sum
has its units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import onnx_graphsurgeon as gs

from onnxprune.calibration.layer import layers
from onnxprune.coupling import Analysis
from onnxprune.coupling.binding import Binding
from onnxprune.coupling.terms import Atom, leaves

ADDITIONS = frozenset({"Add", "Sum"})
NORMALISED = frozenset({"SkipLayerNormalization", "SkipSimplifiedLayerNormalization"})
"""Additions of their first two operands, with a normalisation of the sum, which may be put out as well."""

INSIDE = 1
"""The bit of what is no tensor of the outermost graph: no addition there is computed from all of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """read, made: what goes in and what comes out, of one shape; axis: that of the features"""

    read: gs.Tensor
    made: gs.Tensor
    axis: int


def blocks(analysis: Analysis) -> dict[str, list[Block]]:
    """Group id -> its block, or those that it reaches over; groups without any are left out."""
    found = _Finder(analysis)
    own = {g.id: block for g in analysis.groups if (block := found.block(g.atom)) is not None}
    streams = {id(block): block for block in own.values()}
    blocks = {name: [block] for name, block in own.items()}
    for group in analysis.groups:
        passed = [b for b in streams.values() if group.id not in own and _has(analysis, b.made, group.atom)]
        blocks |= {group.id: passed} if passed else {}
    return blocks


def _has(analysis: Analysis, tensor: gs.Tensor, atom: Atom) -> bool:
    return any(atom in leaves(term) for term in analysis.terms.get(tensor.name, ()))


@dataclass(frozen=True, slots=True)
class _Sum:
    """One side of an addition, the other side, and what is made of both."""

    inner: gs.Tensor
    skip: gs.Tensor
    block: Block


class _Finder:
    """Sets of tensors are bits of integers: for every tensor of the outermost graph, those that it is computed from."""

    def __init__(self, analysis: Analysis) -> None:
        self.analysis = analysis
        self.upstream: dict[int, int] = {}
        self.own: dict[int, int] = {}
        for tensor in analysis.graph.inputs:
            self._add(tensor, 0)
        for node in analysis.graph.nodes:
            before = 0
            for tensor in _reads(node):
                before |= self.upstream.get(id(tensor), 0)
            for tensor in node.outputs:
                self._add(tensor, before)
        self.touching, self.before = self._touched()
        self.sums = list(self._sums())

    def block(self, atom: Atom) -> Block | None:
        """The block that all that touches an atom lies in."""
        touching, before = self.touching.get(atom, INSIDE), self.before.get(atom, 0)
        around = [
            found
            for found in self.sums
            if self.upstream[id(found.inner)] & touching == touching
            and not self.upstream[id(found.skip)] & touching
            and self.upstream[id(found.skip)] & before
        ]
        skipped = [found for found in around if self.own[id(found.skip)] & before]
        return next((found.block for found in skipped + around), None)

    def _add(self, tensor: gs.Tensor, before: int) -> None:
        self.own[id(tensor)] = INSIDE << (len(self.own) + 1)
        self.upstream[id(tensor)] = before | self.own[id(tensor)]

    def _touched(self) -> tuple[dict[Atom, int], dict[Atom, int]]:
        """For every atom: what nodes that it goes through make, and what that is computed from."""
        touching: dict[Atom, int] = {}
        before: dict[Atom, int] = {}
        for binding in self.analysis.bindings:
            made = [t for t in binding.node.outputs if not t.is_empty()][:1]
            for atom in _atoms(binding):
                for tensor in made:
                    touching[atom] = touching.get(atom, 0) | self.own.get(id(tensor), INSIDE)
                    before[atom] = before.get(atom, 0) | self.upstream.get(id(tensor), 0)
        return touching, before

    def _sums(self) -> Iterator[_Sum]:
        made_by = [(self.own[id(layer.node.outputs[0])], set(leaves(layer.made))) for layer in layers(self.analysis)]
        for node in self.analysis.graph.nodes:
            if node.op in NORMALISED:
                shown = (*node.outputs[:1], *node.outputs[3:4])
                operands, made = node.inputs[:2], [t for t in shown if not t.is_empty()]
            elif node.op in ADDITIONS:
                operands, made = node.inputs, node.outputs
            else:
                continue
            computed = [t for t in operands if id(t) in self.upstream and _alike(t, made[-1])]
            for inner, skip in permutations(computed, 2):
                inside = [atoms for own, atoms in made_by if own & self.upstream[id(inner)]]
                yield _Sum(inner, skip, Block(skip, made[-1], self._axis(made[-1], inside)))

    def _axis(self, tensor: gs.Tensor, made: list[set[Atom]]) -> int:
        """The axis that the last layer makes which makes one of them; the last axis where none does."""
        axes = [set(leaves(term)) for term in self.analysis.terms.get(tensor.name, ())]
        found = (axis for atoms in reversed(made) for axis, own in enumerate(axes) if own & atoms)
        return next(found, len(tensor.shape) - 1)


def _atoms(binding: Binding) -> set[Atom]:
    operands = (*binding.inputs, *binding.outputs)
    return {atom for axes in operands for term in axes or () for atom in leaves(term)}


def _alike(one: gs.Tensor, other: gs.Tensor) -> bool:
    """Whether two tensors are of one shape, as far as it is known."""
    if not one.shape or not other.shape or len(one.shape) != len(other.shape):
        return False
    pairs = zip(one.shape, other.shape, strict=True)
    return all(a == b or not (isinstance(a, int) and isinstance(b, int)) for a, b in pairs)


def _reads(node: gs.Node) -> Iterator[gs.Tensor]:
    """What a node and its bodies read."""
    yield from node.inputs
    for body in node.attrs.values():
        if isinstance(body, gs.Graph):
            yield from (tensor for inner in body.nodes for tensor in _reads(inner))
            yield from body.outputs
