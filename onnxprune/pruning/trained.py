"""Trained weights: which of the stored tensors they are, and what their axes are made of.

Constants are many: masks, tables of sines, positions. A *trained weight* is a tensor that some node multiplies with, or
that a node without a rule reads, or a table to look up in that is as wide as one of those.
"""

from __future__ import annotations

from collections.abc import Iterator

import onnx_graphsurgeon as gs

from onnxprune.coupling import Analysis, Group
from onnxprune.coupling.learned import fixed_state, stored_sources
from onnxprune.coupling.terms import Atom, leaves
from onnxprune.pruning.passes import is_matrix


class Trained:
    """The trained weights of a model: their tensors, by id(), and what their axes are made of."""

    def __init__(self, analysis: Analysis) -> None:
        self.tensors = {id(tensor) for tensor in _weights(analysis)}
        self.atoms = self._atoms(analysis)
        wide = {id(site.tensor) for site in analysis.sites if any(leaf in self.atoms for leaf in leaves(site.term))}
        self.tensors |= wide & {id(tensor) for tensor in _tables(analysis)}
        self.atoms = self._atoms(analysis)

    def _atoms(self, analysis: Analysis) -> set[Atom]:
        return {leaf for site in analysis.sites if id(site.tensor) in self.tensors for leaf in leaves(site.term)}

    def axis(self, group: Group) -> str:
        """The first axis of a trained weight in a group."""
        return next((str(s) for s in group.members if id(s.tensor) in self.tensors), group.id)


def _weights(analysis: Analysis) -> Iterator[gs.Constant]:
    """Stored matrices that some node multiplies with, or that go into a node without a rule."""
    fixed = fixed_state(analysis.graph)
    for node in _readers(analysis):
        for operand in node.inputs:
            yield from (t for t in stored_sources(operand, fixed) if is_matrix(t))


def _readers(analysis: Analysis) -> Iterator[gs.Node]:
    known = {id(binding.node) for binding in analysis.bindings}
    yield from (binding.node for binding in analysis.bindings if binding.spec.macs)
    yield from (node for node in _nodes(analysis.graph) if id(node) not in known)


def _nodes(graph: gs.Graph) -> Iterator[gs.Node]:
    """Those that hold a body apart, the nodes of a graph and of the bodies in it."""
    for node in graph.nodes:
        bodies = [value for value in node.attrs.values() if isinstance(value, gs.Graph)]
        yield from (inner for body in bodies for inner in _nodes(body))
        if not bodies:
            yield node


def _tables(analysis: Analysis) -> Iterator[gs.Constant]:
    """Stored matrices that rows are looked up in."""
    nodes = (binding.node for binding in analysis.bindings if binding.node.op == "Gather")
    yield from (n.inputs[0] for n in nodes if isinstance(n.inputs[0], gs.Constant) and is_matrix(n.inputs[0]))
