"""Costs of several models as one: their sum, where some groups of one model are groups of another, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from onnxprune.budget.cost import Cost
from onnxprune.coupling.terms import Atom, Product, Sum, Term, leaves, resolve

Same = Mapping[Atom, Atom]
"""An atom of a model -> that of another one whose units go with its own."""


def together(costs: Sequence[Cost], same: Same) -> Cost:
    """What several models cost together. Counts of an atom hold for those that are the same, too."""
    monomials = [
        replace(one, axes=tuple(_renamed(term, same) for term in one.axes)) for cost in costs for one in cost.monomials
    ]
    return Cost(monomials, sum(cost.constant for cost in costs))


def _renamed(term: Term, same: Same) -> Term:
    """The term, written in the atoms that stand for others."""
    if not any(leaf in same for leaf in leaves(term)):
        return term
    term = resolve(term)
    if isinstance(term, Atom):
        return same[term]
    if isinstance(term, Product):
        return Product(tuple(_renamed(part, same) for part in term.factors))
    return Sum(tuple(_renamed(part, same) for part in term.segments))
