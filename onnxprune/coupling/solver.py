"""Unification of terms: two axes that must keep the same units become one term.

The common refinement of two terms is found by walking both:

    atom     with anything   binds; its marks are inherited by what it now stands for
    sum      with anything   walks left to right and cuts the larger head
    product  with product    walks major to minor, then minor to major, and divides the larger head

Where no common refinement exists (`(6 4)` against `(4 6)`) both sides are locked, with the reason. Lengths that are
open until run time pair up with nothing but themselves; what is known around them is walked from both ends.
Every step is logged as an edge between atoms, so that groups and explanations can be read off a graph.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from onnxprune.coupling.grounds import Ground, Reason, ground_of
from onnxprune.coupling.terms import (
    MAX_REASONS,
    UNIT,
    Atom,
    Cause,
    Product,
    Sum,
    Term,
    atom,
    concat,
    factors,
    is_locked,
    leaves,
    product,
    resolve,
    segments,
    show,
)

Pair = tuple[Term, Term]

MAX_PIECES = 1024
"""An axis that meets itself, shifted by a few indices, would be cut into pieces of that size; not into more."""

MAX_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Edge:
    """One step of the solver. kind "same": the two atoms are one; "part": `b` is a piece of `a`."""

    a: Atom
    b: Atom
    kind: str
    cause: Cause


class Solver:
    """Holds the log of one analysis; the state itself lives in the atoms."""

    def __init__(self) -> None:
        self.edges: list[Edge] = []
        self.cause = Cause("", "")

    # ---------------------------------------------------------------------------------------------- marks

    def lock(self, term: Term, text: str) -> None:
        """Forbid that any unit of the term goes."""
        cause = Cause(self.cause.node, self.cause.op, text, ground_of(text))
        for leaf in leaves(term):
            if len(leaf.locked) < MAX_REASONS:
                leaf.locked[cause] = None

    def inexact(self, term: Term, text: str) -> None:
        """Note that removing a unit of the term differs from masking it."""
        cause = Cause(self.cause.node, self.cause.op, text)
        for leaf in leaves(term):
            if len(leaf.inexact) < MAX_REASONS:
                leaf.inexact[cause] = None

    def role(self, term: Term, role: str) -> None:
        """Tell passes what the atoms of the term are to the op at hand."""
        for leaf in leaves(term):
            leaf.roles.add(role)

    # ---------------------------------------------------------------------------------------------- unify

    def unify(self, a: Term, b: Term) -> None:
        """Make two axes keep the same units. Never fails: what can't be reconciled is locked, with the reason."""
        a, b = resolve(a), resolve(b)
        if a is b or (is_locked(a) and is_locked(b)):
            return  # where nothing can go, nothing has to be told apart
        if a.size is None or b.size is None:
            self._walk_open(a, b)
        elif a.size != b.size:
            self._lock_all([a, b], _apart(f"lengths {a.size} and {b.size} where one is expected"))
        elif isinstance(a, Atom):
            self._bind(a, b)
        elif isinstance(b, Atom):
            self._bind(b, a)
        elif isinstance(a, Sum) or isinstance(b, Sum):
            self._walk_sums(a, b)
        else:
            self._walk_products(a, b)

    def _lock_all(self, terms: Iterable[Term], text: str) -> None:
        for term in terms:
            self.lock(term, text)

    def _walk_open(self, a: Term, b: Term) -> None:
        """Lengths that are open until run time: what is known, or the same, pairs up from both ends."""
        xs, ys = deque(factors(a)), deque(factors(b))
        left = -1
        while len(xs) + len(ys) != left:
            left = len(xs) + len(ys)
            _drop_same(xs, ys)
            self._walk_minors(xs, ys)
            self._walk_majors(xs, ys)
        if len(xs) == len(ys) == 1 and isinstance(xs[0], Sum) and isinstance(ys[0], Sum):
            xs, ys = deque(segments(xs[0])), deque(segments(ys[0]))
            _drop_same(xs, ys)
            self._walk_segments(xs, ys)
            _drop_same(xs, ys)
        if any(leaf.size is not None for t in (*xs, *ys) for leaf in leaves(t)):
            self._lock_all([*xs, *ys], Reason("meets a length that is known only at run time", Ground.LENGTH))

    def _bind(self, a: Atom, term: Term) -> None:
        kind = "same" if isinstance(term, Atom) else "part"
        for leaf in leaves(term):
            self.edges.append(Edge(a, leaf, kind, self.cause))
            _inherit(leaf.locked, a.locked)
            _inherit(leaf.inexact, a.inexact)
            leaf.roles |= a.roles
        a.bound = term

    def _walk_sums(self, a: Term, b: Term) -> None:
        xs, ys = deque(segments(a)), deque(segments(b))
        self._walk_segments(xs, ys)
        if xs or ys:
            self._no_refinement(xs, ys, " + ")

    def _walk_segments(self, xs: deque[Term], ys: deque[Term]) -> None:
        """Left to right; the larger head is cut at the end of the smaller one. Stops where that can't be done."""
        for _ in range(MAX_PIECES):
            _open_head(xs)
            _open_head(ys)
            if not (xs and ys) or xs[0].size is None or ys[0].size is None:
                return
            big, small = (xs, ys) if xs[0].size >= ys[0].size else (ys, xs)
            size = small[0].size or 0
            pieces = (big[0], None) if big[0].size == size else self.cut(big[0], size)
            if pieces is None:
                return
            big.popleft()
            self.unify(small.popleft(), pieces[0])
            if pieces[1] is not None:
                big.appendleft(resolve(pieces[1]))

    def _walk_products(self, a: Term, b: Term) -> None:
        """Major to minor while heads divide, then minor to major; what is left in between has no common refinement."""
        xs, ys = deque(factors(a)), deque(factors(b))
        self._walk_majors(xs, ys)
        self._walk_minors(xs, ys)
        if xs or ys:
            self._no_refinement(xs, ys)

    def _walk_majors(self, xs: deque[Term], ys: deque[Term]) -> None:
        while xs and ys and xs[0].size and ys[0].size:
            big, small = (xs, ys) if xs[0].size >= ys[0].size else (ys, xs)
            pieces = self.divide(big[0], small[0].size or 1)
            if pieces is None:
                return
            big.popleft()
            self.unify(small.popleft(), pieces[0])
            if pieces[1].size != 1:
                big.appendleft(resolve(pieces[1]))

    def _walk_minors(self, xs: deque[Term], ys: deque[Term]) -> None:
        while xs and ys and xs[-1].size and ys[-1].size:
            big, small = (xs, ys) if xs[-1].size >= ys[-1].size else (ys, xs)
            whole, minor = big[-1].size or 1, small[-1].size or 1
            pieces = None if whole % minor else self.divide(big[-1], whole // minor)
            if pieces is None:
                return
            big.pop()
            self.unify(small.pop(), pieces[1])
            if pieces[0].size != 1:
                big.append(resolve(pieces[0]))

    def _no_refinement(self, xs: Iterable[Term], ys: Iterable[Term], sign: str = " ") -> None:
        xs, ys = list(xs), list(ys)
        self._lock_all([*xs, *ys], _apart(f"no common refinement of {_sizes(xs, sign)} and {_sizes(ys, sign)}"))

    # ---------------------------------------------------------------------------------------------- refine

    def cut(self, term: Term, n: int) -> Pair | None:
        """The first `n` indices of a term of known length and the rest, or None where it can't be cut there."""
        term = resolve(term)
        if term.size is None or not 0 < n < term.size:
            return None
        if isinstance(term, Atom):
            return self._refine(term, (atom(n), atom(term.size - n)), Sum)
        if isinstance(term, Product):
            return self._cut_product(factors(term), n)
        return self._cut_sum(segments(term), n)

    def _cut_product(self, parts: list[Term], n: int) -> Pair | None:
        rest = product(*parts[1:])
        if len(parts) < 2 or n % (rest.size or 1):
            return None
        pieces = self.cut(parts[0], n // (rest.size or 1))
        return None if pieces is None else (product(pieces[0], rest), product(pieces[1], rest))

    def _cut_sum(self, parts: list[Term], n: int) -> Pair | None:
        for i, part in enumerate(parts):
            size = part.size or 0
            if n == size:
                return concat(*parts[: i + 1]), concat(*parts[i + 1 :])
            if n < size:
                pieces = self.cut(part, n)
                return None if pieces is None else (concat(*parts[:i], pieces[0]), concat(pieces[1], *parts[i + 1 :]))
            n -= size
        return None

    def divide(self, term: Term, n: int) -> Pair | None:
        """A major part of size `n` and the minor remainder, or None where a term of known length doesn't factor so."""
        term = resolve(term)
        if not term.size or n < 1 or term.size % n:
            return None
        if n == 1 or n == term.size:
            return (UNIT, term) if n == 1 else (term, UNIT)
        if isinstance(term, Atom):
            return self._refine(term, (atom(n), atom(term.size // n)), Product)
        if isinstance(term, Product):
            return self._divide_product(factors(term), n)
        return self._divide_sum(segments(term), term.size // n)

    def _divide_product(self, parts: list[Term], n: int) -> Pair | None:
        for i, part in enumerate(parts):
            size = part.size or 1
            if n == 1:
                return product(*parts[:i]), product(*parts[i:])
            if n % size:
                pieces = self.divide(part, n)
                return None if pieces is None else (product(*parts[:i], pieces[0]), product(pieces[1], *parts[i + 1 :]))
            n //= size
        return product(*parts), UNIT

    def _divide_sum(self, parts: list[Term], minor: int) -> Pair | None:
        if any((p.size or 0) % minor for p in parts):
            return None
        majors: list[Term] = []
        shared: Term | None = None
        for part in parts:
            pieces = self.divide(part, (part.size or 0) // minor)
            if pieces is None:
                return None
            majors.append(pieces[0])
            if shared is None:
                shared = pieces[1]
            else:
                self.unify(shared, pieces[1])
        return concat(*majors), shared or UNIT

    def _refine(self, a: Atom, pieces: Pair, kind: type[Sum] | type[Product]) -> Pair:
        self._bind(a, concat(*pieces) if kind is Sum else product(*pieces))
        return pieces


def _inherit(into: dict[Cause, None], reasons: dict[Cause, None]) -> None:
    for reason in reasons:
        if len(into) >= MAX_REASONS:
            return
        into[reason] = None


def _open_head(xs: deque[Term]) -> None:
    """A head that has become a sum in the meantime is replaced by its segments."""
    while xs and isinstance(head := resolve(xs[0]), Sum):
        xs.popleft()
        xs.extendleft(reversed(segments(head)))


def _drop_same(xs: deque[Term], ys: deque[Term]) -> None:
    """Drop what is one and the same at either end of both."""
    while xs and ys and resolve(xs[0]) is resolve(ys[0]):
        xs.popleft()
        ys.popleft()
    while xs and ys and resolve(xs[-1]) is resolve(ys[-1]):
        xs.pop()
        ys.pop()


def _apart(text: str) -> Reason:
    return Reason(text, Ground.REFINEMENT)


def _sizes(terms: list[Term], sign: str) -> str:
    shown = [show(t, lambda a: str(a.size)) for t in terms[:MAX_SHOWN]]
    if len(terms) == 1:
        return shown[0]
    return "(" + sign.join(shown + ["..."] * (len(terms) > MAX_SHOWN)) + ")"
