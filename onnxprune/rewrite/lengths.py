"""Refilling the lengths that nodes store: targets of Reshape, sizes of Split, bounds of Slice, numbers of heads."""

from __future__ import annotations

import numpy as np
import onnx_graphsurgeon as gs

from onnxprune.coupling.binding import Binding
from onnxprune.coupling.masks import Keep
from onnxprune.coupling.notation import Axis, Factors, Letter, Number, parse_axis
from onnxprune.coupling.spec import Length
from onnxprune.coupling.terms import Term, atom, concat, product
from onnxprune.rewrite.nodes import label

Terms = list[Term | None]


def refill(graph: gs.Graph, binding: Binding, keep: Keep) -> None:
    """Write the new lengths of a node, all of its places together, if any of its axes loses units.

    graph: the one that the node is in. Attributes whose default hangs on a length are written out first.
    """
    spec = binding.spec
    rows = [[None if a is None else letter_term(binding, a) for a in place.axes] for place in spec.lengths]
    read = [t for axes in binding.inputs for t in axes or ()]
    stored = [t for row in rows for t in row if t is not None]
    if not (spec.lengths or spec.pin) or not any(keep.touches(t) for t in stored + read):
        return
    binding.node.attrs.update({k: v for k, v in spec.pin.items() if k not in binding.node.attrs})
    for place, row in zip(spec.lengths, rows, strict=True):
        _write(graph, binding.node, place, row, keep)


def _write(graph: gs.Graph, node: gs.Node, place: Length, terms: Terms, keep: Keep) -> None:
    where = place.where
    if isinstance(where, str):
        _set_attribute(node, where, [_kept(t, keep) for t in terms])
    elif isinstance(where, int):
        old = node.inputs[where].values
        fresh = _remap(old, terms, keep) if place.kind == "index" else _lengths(old, terms, keep)
        _set_operand(node, where, fresh)
    else:
        operand, entry = where
        old = node.inputs[operand].inputs[0].inputs[entry].values
        fresh = _lengths(old, terms, keep)
        if not np.array_equal(old, fresh):
            _set_operand(_own_maker(graph, node, operand), entry, fresh)


def _kept(term: Term | None, keep: Keep) -> int | None:
    """The new length; None where there is none to write: not stored, or open until run time."""
    return None if term is None or term.size is None else keep.kept(term)


def _lengths(old: np.ndarray, terms: Terms, keep: Keep) -> np.ndarray:
    fresh = [_kept(t, keep) for t in terms]
    filled = [v if n is None else n for v, n in zip(old.ravel(), fresh, strict=True)]
    return np.array(filled, old.dtype).reshape(old.shape)


def _remap(index: np.ndarray, terms: Terms, keep: Keep) -> np.ndarray:
    """Indices that stay, counted among the units that stay."""
    source, picked = (term for term in terms if term is not None)
    order, length = keep.indices(source), len(keep.mask(source))
    place = np.full(length, -1)
    place[order] = np.arange(len(order))
    wrapped = np.where(index < 0, index + length, index)
    return np.asarray(place[wrapped][keep.indices(picked)], index.dtype)


def _set_operand(node: gs.Node, i: int, values: np.ndarray) -> None:
    """A stored operand that other nodes read too is left to them."""
    old = node.inputs[i]
    if np.array_equal(old.values, values):
        return
    if len(old.outputs) == 1:
        old.values = values
    else:
        node.inputs[i] = gs.Constant(f"{old.name}/{label(node)}/{i}", values)


def _own_maker(graph: gs.Graph, node: gs.Node, operand: int) -> gs.Node:
    """The node that puts an operand together; a copy of it, in front, where others read what it makes."""
    made: gs.Variable = node.inputs[operand]
    maker: gs.Node = made.inputs[0]
    if len(made.outputs) == 1 and all(t is not made for t in graph.outputs):
        return maker
    name = f"{made.name}/{label(node)}/{operand}"
    copy = gs.Node(maker.op, name, dict(maker.attrs), list(maker.inputs), [gs.Variable(name, made.dtype, made.shape)])
    node.inputs[operand] = copy.outputs[0]
    graph.nodes.insert(next(k for k, other in enumerate(graph.nodes) if other is node), copy)
    return copy


def _set_attribute(node: gs.Node, name: str, fresh: list[int | None]) -> None:
    old = node.attrs.get(name)
    if isinstance(old, (list, tuple)):
        node.attrs[name] = [o if n is None else n for o, n in zip(old, fresh, strict=True)]
    elif fresh[0] is not None:
        node.attrs[name] = fresh[0]


def letter_term(binding: Binding, text: str) -> Term:
    """The term that an axis expression of the rule stands for at this node."""
    return _term(binding, parse_axis(text))


def _term(binding: Binding, axis: Axis) -> Term:
    if isinstance(axis, Letter):
        return binding.env[axis.name]
    if isinstance(axis, Number):
        return atom(axis.size)
    parts = [_term(binding, part) for part in getattr(axis, "parts", ())]
    return product(*parts) if isinstance(axis, Factors) else concat(*parts)
