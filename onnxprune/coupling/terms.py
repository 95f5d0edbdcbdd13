"""Terms: what an axis is made of.

Every axis of every tensor has one term, written as in einops:

    Atom(size)             an indivisible run of indices: what a group is made of
    Product(f0, f1, ...)   row-major composition, `(h d)`; the empty product is an axis of size 1
    Sum(s0, s1, ...)       concatenation, `(a + b)`

An atom behaves as a logic variable: the solver may *bind* it to another term, and from then on it stands for
that term. An atom that is still unbound when the graph is solved is a unit of pruning.

Sizes are ints, or None where the model leaves the length open until run time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from onnxprune.coupling.grounds import Ground

_serial = count()


@dataclass(frozen=True, slots=True)
class Cause:
    """A node (or an edge of the model) that made two axes move together or locked one.

    node: the node's name, or its first output where it has none; op: its type; text: what it does to the axis;
    ground: for a lock, of what kind the reason is.
    """

    node: str
    op: str
    text: str = ""
    ground: Ground = Ground.USE

    def __str__(self) -> str:
        place = f"{self.op} '{self.node}'" if self.op else f"'{self.node}'"
        return f"{place}: {self.text}" if self.text else place


class Atom:
    """An indivisible run of `size` indices (None: unknown until run time).

    locked:  why no unit may go; inexact: why removing a unit differs from masking it;
    roles:   what ops said of it (e.g. "head", "head_dim"), for passes to choose by.
    """

    __slots__ = ("bound", "inexact", "locked", "roles", "serial", "size")

    def __init__(self, size: int | None) -> None:
        self.size = size
        self.bound: Term | None = None
        self.locked: dict[Cause, None] = {}
        self.inexact: dict[Cause, None] = {}
        self.roles: set[str] = set()
        self.serial = next(_serial)

    def __repr__(self) -> str:
        return f"Atom#{self.serial}({self.size})"


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """Row-major composition of `factors`, the major one first."""

    factors: tuple[Term, ...]
    size: int | None = field(init=False)

    def __post_init__(self) -> None:
        sizes = [f.size for f in self.factors]
        object.__setattr__(self, "size", None if None in sizes else math.prod(s for s in sizes if s is not None))


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """Concatenation of `segments`."""

    segments: tuple[Term, ...]
    size: int | None = field(init=False)

    def __post_init__(self) -> None:
        sizes = [s.size for s in self.segments]
        object.__setattr__(self, "size", None if None in sizes else sum(s for s in sizes if s is not None))


Term = Atom | Product | Sum

UNIT = Product(())
"""The axis of size 1: it has no unit that could go."""

MAX_REASONS = 8


def atom(size: int | None) -> Term:
    """A fresh atom, or UNIT when there is but one index."""
    return UNIT if size == 1 else Atom(size)


def product(*factors: Term) -> Term:
    """The product of `factors`, without factors of size 1."""
    kept = tuple(f for f in factors if f.size != 1)
    return kept[0] if len(kept) == 1 else Product(kept) if kept else UNIT


def concat(*segments: Term) -> Term:
    """The concatenation of `segments`, without empty ones."""
    kept = tuple(s for s in segments if s.size != 0)
    return kept[0] if len(kept) == 1 else Sum(kept)


def resolve(term: Term) -> Term:
    """The term with its head followed through bindings: an unbound Atom, a Product or a Sum."""
    path: list[Atom] = []
    while isinstance(term, Atom) and term.bound is not None:
        path.append(term)
        term = term.bound
    for passed in path[:-1]:
        passed.bound = term
    return term


def factors(term: Term) -> list[Term]:
    """Resolved factors of a term, nested products opened, major first."""
    term = resolve(term)
    if not isinstance(term, Product):
        return [term]
    return [f for part in term.factors for f in factors(part)]


def segments(term: Term) -> list[Term]:
    """Resolved segments of a term, nested sums opened, in order."""
    found: list[Term] = []
    stack = [term]
    while stack:
        part = resolve(stack.pop())
        if isinstance(part, Sum):
            stack.extend(reversed(part.segments))
        elif part.size != 0:
            found.append(part)
    return found


def leaves(term: Term) -> Iterator[Atom]:
    """The unbound atoms of a term, left to right; an atom that occurs twice comes twice."""
    stack = [term]
    while stack:
        part = resolve(stack.pop())
        if isinstance(part, Atom):
            yield part
        else:
            stack.extend(reversed(part.factors if isinstance(part, Product) else part.segments))


def is_locked(term: Term) -> bool:
    """Whether no unit of the term may go."""
    return all(leaf.locked for leaf in leaves(term))


def length(term: Term, size: Callable[[Atom], int]) -> int:
    """The number of indices of a term when every atom has `size(atom)` of them."""
    term = resolve(term)
    if isinstance(term, Atom):
        return size(term)
    if isinstance(term, Product):
        return math.prod(length(f, size) for f in factors(term))
    return sum(length(s, size) for s in segments(term))


def show(term: Term, name: Callable[[Atom], str] = lambda a: f"a{a.serial}") -> str:
    """The term in the notation of rules, e.g. `(h (p + q))`."""
    term = resolve(term)
    if isinstance(term, Atom):
        return name(term)
    if isinstance(term, Product):
        parts = factors(term)
        return "1" if not parts else "(" + " ".join(show(f, name) for f in parts) + ")"
    return "(" + " + ".join(show(s, name) for s in segments(term)) + ")"
