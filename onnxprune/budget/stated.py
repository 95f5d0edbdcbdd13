"""Multiply-accumulates that a rule states as a sum of products of its letters, e.g. "b s 4 h i + b s 4 h k"."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from onnxprune.budget.monomial import Monomial
from onnxprune.coupling.binding import Binding
from onnxprune.coupling.notation import Axis, Factors, Letter, Number, Run, Segments, parse_axis
from onnxprune.coupling.terms import Term, atom, concat, length, product

Shapes = Mapping[str, Sequence[int]]


def stated_macs(binding: Binding, shapes: Shapes) -> list[Monomial]:
    """A monomial for every product. A letter of open length counts what `shapes` say of it, else 1."""
    axis = parse_axis(f"({binding.spec.macs})")
    products = axis.parts if isinstance(axis, Segments) else (axis,)
    label = binding.node.name or binding.node.outputs[0].name
    return [_monomial(label, product, binding, shapes) for product in products]


def _monomial(label: str, product: Axis, binding: Binding, shapes: Shapes) -> Monomial:
    parts = list(_flat(product))
    terms = tuple(_term(part, binding) for part in parts)
    opened = math.prod(_open(part, term, binding, shapes) for part, term in zip(parts, terms, strict=True))
    return Monomial(label, opened, terms)


def _flat(axis: Axis) -> Iterator[Axis]:
    for part in axis.parts if isinstance(axis, Factors) else (axis,):
        yield from _flat(part) if isinstance(part, Factors) else (part,)


def _term(axis: Axis, binding: Binding) -> Term:
    if isinstance(axis, Letter):
        return binding.env[axis.name]
    if isinstance(axis, Number):
        return atom(axis.size)
    parts = [_term(part, binding) for part in getattr(axis, "parts", ())]
    return product(*parts) if isinstance(axis, Factors) else concat(*parts)


def _open(axis: Axis, term: Term, binding: Binding, shapes: Shapes) -> float:
    """How often what is known of a length goes into it: more than once where it is open, and `shapes` tell it."""
    if term.size is not None:
        return 1.0
    known = max(length(term, lambda a: a.size or 1), 1)
    return next((size / known for size in _sizes(axis, binding, shapes)), 1.0)


def _sizes(axis: Axis, binding: Binding, shapes: Shapes) -> Iterator[int]:
    """The lengths of axes that a letter is alone in."""
    pattern = binding.spec.pattern
    for operands, tensors in ((pattern.inputs, binding.node.inputs), (pattern.outputs, binding.node.outputs)):
        for operand, tensor in zip(operands, tensors, strict=False):
            shape = shapes.get(tensor.name)
            if operand is not None and shape is not None and not any(isinstance(a, Run) for a in operand):
                yield from (int(size) for own, size in zip(operand, shape, strict=False) if own == axis)
