"""Lengths that are open until run time have no units, and what meets them may have none either."""

from collections.abc import Callable

import pytest

from onnxprune.coupling.solver import Solver
from onnxprune.coupling.terms import Atom, Term, concat, factors, product, resolve
from tests.coupling.solving import locks


@pytest.fixture
def solver() -> Solver:
    return Solver()


def test_open_lengths_have_no_units(solver: Solver) -> None:
    a, b = Atom(None), Atom(None)
    solver.unify(a, b)
    assert not a.locked and not b.locked and solver.edges == []


def test_a_known_length_that_meets_an_open_one_is_locked(solver: Solver) -> None:
    a, b = Atom(None), Atom(4)
    solver.unify(a, b)
    assert locks(b) == ["meets a length that is known only at run time"]


def test_what_is_known_at_both_ends_of_an_open_length_pairs_up(solver: Solver) -> None:
    left = product(Atom(4), Atom(None), Atom(6))
    right = product(Atom(2), Atom(2), Atom(None), Atom(3), Atom(2))
    solver.unify(left, right)
    assert not locks(left) and not locks(right)
    assert [f.size for f in factors(left)] == [2, 2, None, 3, 2]


def test_what_does_not_pair_up_around_an_open_length_is_locked(solver: Solver) -> None:
    left, right = product(Atom(None), Atom(6)), product(Atom(None), Atom(4))
    solver.unify(left, right)
    assert len(locks(left)) == len(locks(right)) == 2


def test_the_same_open_length_stands_for_itself(solver: Solver) -> None:
    batch, a, b = Atom(None), Atom(4), Atom(4)
    left, right = product(batch, a), product(batch, b)
    solver.unify(left, right)
    assert resolve(a) is resolve(b) and not locks(left)
    other = product(a, batch)
    solver.unify(other, product(b, batch))
    assert not locks(other)


def test_a_known_run_before_an_open_one(solver: Solver) -> None:
    prefix, sequence, other = Atom(4), Atom(None), Atom(4)
    solver.unify(concat(prefix, sequence), concat(other, sequence))
    assert resolve(prefix) is resolve(other) and not locks(prefix)


def test_a_known_run_inside_an_open_length_is_locked(solver: Solver) -> None:
    """Were it not, the run could go while the other axis, of which nobody knows what it is made, stays."""
    prefix = Atom(4)
    solver.unify(concat(prefix, Atom(None)), Atom(None))
    assert locks(prefix) == ["meets a length that is known only at run time"]


@pytest.mark.parametrize("refine", [Solver.cut, Solver.divide])
def test_an_open_length_is_never_refined(solver: Solver, refine: Callable[[Solver, Term, int], object]) -> None:
    a = Atom(None)
    for term in (a, product(a, Atom(4)), concat(a, Atom(4))):
        assert refine(solver, term, 2) is None
    assert a.bound is None


def test_what_is_the_same_in_front_leaves_the_rest_to_be_paired(solver: Solver) -> None:
    same = Atom(None)
    left, right = concat(same, Atom(3), Atom(4)), concat(same, Atom(2), Atom(5))
    solver.unify(left, right)
    assert not locks(left) and not locks(right)


def test_what_is_the_same_behind_is_free(solver: Solver) -> None:
    same = Atom(4)
    solver.unify(concat(Atom(None), same), concat(Atom(None), same))
    assert not locks(same)


def test_the_same_at_both_ends_leaves_an_open_middle_free(solver: Solver) -> None:
    first, last = Atom(4), Atom(6)
    left, right = (product(first, Atom(None), last) for _ in range(2))
    solver.unify(left, right)
    assert not locks(left) and not locks(right) and solver.edges == []
