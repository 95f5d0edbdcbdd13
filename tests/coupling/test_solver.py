"""The laws of unification: bind, cut, divide, distribute; what has no common refinement is locked with the reason."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onnxprune.coupling.masks import Keep
from onnxprune.coupling.solver import Solver
from onnxprune.coupling.terms import (
    MAX_REASONS,
    UNIT,
    Atom,
    Cause,
    Term,
    atom,
    concat,
    factors,
    leaves,
    product,
    resolve,
    segments,
    show,
)

FEW = settings(max_examples=100, deadline=None, derandomize=True)


@pytest.fixture
def solver() -> Solver:
    made = Solver()
    made.cause = Cause("node", "Op")
    return made


def sizes(term: Term) -> str:
    return show(term, lambda a: str(a.size))


def locks(term: Term) -> list[str]:
    return [cause.text for leaf in leaves(term) for cause in leaf.locked]


def agree(a: Term, b: Term, seed: int = 0) -> bool:
    """Whether both sides have the same mask, whatever goes of their unlocked atoms."""
    rng = np.random.default_rng(seed)
    free = {leaf for leaf in (*leaves(a), *leaves(b)) if not leaf.locked and leaf.size}
    keep = Keep({leaf: rng.random(leaf.size or 0) < 0.6 for leaf in sorted(free, key=lambda x: x.serial)})
    return keep.mask(a).tolist() == keep.mask(b).tolist()


# ------------------------------------------------------------------------------------------------- bind


def test_an_atom_binds_to_an_atom(solver: Solver) -> None:
    a, b = Atom(4), Atom(4)
    solver.unify(a, b)
    assert resolve(a) is resolve(b)
    assert [(e.a, e.b, e.kind, e.cause) for e in solver.edges] == [(a, b, "same", Cause("node", "Op"))]


def test_an_atom_binds_to_a_product_on_either_side(solver: Solver) -> None:
    for flip in (False, True):
        a, b, c = Atom(6), Atom(2), Atom(3)
        solver.unify(*((product(b, c), a) if flip else (a, product(b, c))))
        assert factors(a) == [b, c]
    assert {e.kind for e in solver.edges} == {"part"}


def test_unifying_twice_adds_nothing(solver: Solver) -> None:
    a, b = Atom(4), Atom(4)
    solver.unify(a, b)
    solver.unify(b, a)
    solver.unify(a, a)
    assert len(solver.edges) == 1


def test_marks_are_inherited_by_what_an_atom_is_bound_to(solver: Solver) -> None:
    a, b, c = Atom(6), Atom(2), Atom(3)
    solver.lock(a, "locked")
    solver.inexact(a, "inexact")
    solver.role(a, "head")
    solver.unify(a, product(b, c))
    for piece in (b, c):
        assert [m.text for m in piece.locked] == ["locked"]
        assert [m.text for m in piece.inexact] == ["inexact"]
        assert piece.roles == {"head"}


def test_marks_are_inherited_by_the_pieces_of_a_cut_and_of_a_division(solver: Solver) -> None:
    for refine in (solver.cut, solver.divide):
        a = Atom(6)
        solver.lock(a, "locked")
        pieces = refine(a, 2)
        assert pieces is not None
        assert all(locks(piece) == ["locked"] for piece in pieces)


def test_reasons_are_kept_to_a_few(solver: Solver) -> None:
    a, b = Atom(4), Atom(4)
    for i in range(2 * MAX_REASONS):
        solver.lock(a, f"reason {i}")
        solver.lock(b, f"other {i}")
    solver.unify(a, b)
    assert len(b.locked) == MAX_REASONS


def test_one_reason_counts_once(solver: Solver) -> None:
    a = Atom(4)
    solver.lock(a, "why")
    solver.lock(a, "why")
    assert locks(a) == ["why"]


def test_different_lengths_lock_both(solver: Solver) -> None:
    a, b = Atom(4), product(Atom(2), Atom(3))
    solver.unify(a, b)
    text = "lengths 4 and 6 where one is expected"
    assert locks(a) == [text] and locks(b) == [text, text]


def test_axes_of_one_index_have_nothing_to_unify(solver: Solver) -> None:
    solver.unify(UNIT, atom(1))
    assert solver.edges == []


# ------------------------------------------------------------------------------------------------- cut


def test_cutting_an_atom_makes_a_sum_of_two(solver: Solver) -> None:
    a = Atom(6)
    pieces = solver.cut(a, 2)
    assert pieces is not None and [p.size for p in pieces] == [2, 4]
    assert segments(a) == list(pieces)


def test_cutting_one_index_off(solver: Solver) -> None:
    a = Atom(6)
    pieces = solver.cut(a, 1)
    assert pieces is not None and pieces[0] is UNIT
    assert sizes(a) == "(1 + 5)"


@pytest.mark.parametrize("n", [-1, 0, 6, 7])
def test_nothing_is_cut_at_or_beyond_the_ends(solver: Solver, n: int) -> None:
    assert solver.cut(Atom(6), n) is None
    assert solver.edges == []


def test_cutting_a_product_cuts_its_head(solver: Solver) -> None:
    h, d = Atom(4), Atom(3)
    pieces = solver.cut(product(h, d), 6)
    assert pieces is not None
    assert [sizes(p) for p in pieces] == ["(2 3)", "(2 3)"]
    assert sizes(h) == "(2 + 2)"


def test_a_product_is_not_cut_between_multiples_of_its_minor_part(solver: Solver) -> None:
    h, d = Atom(4), Atom(3)
    assert solver.cut(product(h, d), 5) is None
    assert solver.edges == []


def test_cutting_a_sum_between_segments_and_inside_one(solver: Solver) -> None:
    a, b, c = Atom(2), Atom(5), Atom(3)
    between = solver.cut(concat(a, b, c), 7)
    assert between is not None and [sizes(p) for p in between] == ["(2 + 5)", "3"]
    inside = solver.cut(concat(a, b, c), 4)
    assert inside is not None and [sizes(p) for p in inside] == ["(2 + 2)", "(3 + 3)"]


def test_sums_are_cut_where_either_side_has_an_end(solver: Solver) -> None:
    a, b, c, d = Atom(5), Atom(7), Atom(9), Atom(3)
    solver.unify(concat(a, b), concat(c, d))
    assert [sizes(t) for t in (a, b, c, d)] == ["5", "(4 + 3)", "(5 + 4)", "3"]
    assert segments(c)[0] is resolve(a) and segments(b)[1] is resolve(d)


def test_a_sum_that_meets_an_atom_cuts_it(solver: Solver) -> None:
    a, b, c = Atom(2), Atom(3), Atom(5)
    solver.unify(c, concat(a, b))
    assert segments(c) == [a, b]


# ------------------------------------------------------------------------------------------------- divide


def test_dividing_an_atom_makes_a_product_of_two(solver: Solver) -> None:
    a = Atom(6)
    pieces = solver.divide(a, 2)
    assert pieces is not None and [p.size for p in pieces] == [2, 3]
    assert factors(a) == list(pieces)


@pytest.mark.parametrize(("n", "expected"), [(1, ["1", "6"]), (6, ["6", "1"])])
def test_dividing_by_one_or_all_changes_nothing(solver: Solver, n: int, expected: list[str]) -> None:
    pieces = solver.divide(Atom(6), n)
    assert pieces is not None and [sizes(p) for p in pieces] == expected
    assert solver.edges == []


@pytest.mark.parametrize("n", [0, -2, 4, 12])
def test_no_division_with_a_remainder(solver: Solver, n: int) -> None:
    assert solver.divide(Atom(6), n) is None


def test_dividing_a_product_splits_its_list_or_a_factor(solver: Solver) -> None:
    a, b = Atom(4), Atom(6)
    between = solver.divide(product(a, b), 4)
    assert between == (a, b)
    inside = solver.divide(product(a, b), 8)
    assert inside is not None and [sizes(p) for p in inside] == ["(4 2)", "3"]
    assert sizes(b) == "(2 3)"


def test_a_product_is_not_divided_across_its_factors(solver: Solver) -> None:
    assert solver.divide(product(Atom(6), Atom(4)), 4) is None


def test_dividing_a_sum_divides_every_segment_and_unifies_the_minors(solver: Solver) -> None:
    a, b = Atom(6), Atom(4)
    pieces = solver.divide(concat(a, b), 5)
    assert pieces is not None and [sizes(p) for p in pieces] == ["(3 + 2)", "2"]
    assert factors(a)[1] is factors(b)[1] is resolve(pieces[1])


def test_a_sum_is_not_divided_where_a_segment_can_not(solver: Solver) -> None:
    assert solver.divide(concat(Atom(6), Atom(3)), 3) is not None
    assert solver.divide(concat(Atom(5), Atom(4)), 3) is None


def test_products_are_divided_from_the_major_end(solver: Solver) -> None:
    a, b, c, d = Atom(4), Atom(6), Atom(2), Atom(12)
    solver.unify(product(a, b), product(c, d))
    assert [sizes(t) for t in (a, b, c, d)] == ["(2 2)", "6", "2", "(2 6)"]
    assert factors(a)[0] is resolve(c) and factors(d)[1] is resolve(b)


def test_products_are_divided_from_the_minor_end_as_well(solver: Solver) -> None:
    left = [Atom(n) for n in (2, 6, 4, 5)]
    right = [Atom(n) for n in (2, 4, 6, 5)]
    solver.unify(product(*left), product(*right))
    assert resolve(left[0]) is resolve(right[0]) and resolve(left[3]) is resolve(right[3])
    assert not locks(left[0]) and not locks(left[3])
    assert locks(left[1]) == ["no common refinement of (6 4) and (4 6)"] == locks(right[2])


def test_no_common_refinement_is_locked_with_the_reason(solver: Solver) -> None:
    a, b, c, d = Atom(6), Atom(4), Atom(4), Atom(6)
    solver.unify(product(a, b), product(c, d))
    for leaf in (a, b, c, d):
        assert [str(m) for m in leaf.locked] == ["Op 'node': no common refinement of (6 4) and (4 6)"]


def test_a_sum_and_a_product_that_fit_in_no_way(solver: Solver) -> None:
    a, b, h, d = Atom(5), Atom(7), Atom(4), Atom(3)
    solver.unify(concat(a, b), product(h, d))
    assert set(locks(concat(a, b))) == {"no common refinement of (5 + 7) and ((4 3))"} == set(locks(product(h, d)))


def test_the_analysis_goes_on_behind_a_lock(solver: Solver) -> None:
    a, b = Atom(6), Atom(4)
    solver.unify(product(a, b), product(Atom(4), Atom(6)))
    c = Atom(6)
    solver.unify(c, a)
    assert locks(c) == ["no common refinement of (6 4) and (4 6)"]


def test_factors_in_another_order_repeat_one_atom(solver: Solver) -> None:
    a, b = Atom(2), Atom(4)
    solver.unify(product(a, b), product(b, a))
    assert agree(product(a, b), product(b, a))
    assert set(leaves(b)) == set(leaves(a))


# ------------------------------------------------------------------------------------------------- distribute


def test_a_leading_sum_distributes(solver: Solver) -> None:
    a, b, d, e, f, g, i = Atom(2), Atom(3), Atom(4), Atom(2), Atom(4), Atom(3), Atom(4)
    solver.unify(product(concat(a, b), d), concat(product(e, f), product(g, i)))
    assert resolve(e) is resolve(a) and resolve(g) is resolve(b)
    assert resolve(f) is resolve(i) is resolve(d)
    assert not locks(product(concat(a, b), d))


def test_fused_queries_keys_and_values(solver: Solver) -> None:
    """`(3 h d)` meets the three runs that a Split makes."""
    three, h, d = Atom(3), Atom(2), Atom(5)
    q, k, v = Atom(10), Atom(10), Atom(10)
    whole = product(three, h, d)
    solver.unify(whole, concat(q, k, v))
    for run in (q, k, v):
        assert factors(run) == [h, d]
    assert not locks(concat(h, d))
    assert list(leaves(three)) == []


def test_fused_runs_that_become_heads_one_by_one(solver: Solver) -> None:
    """A flat weight is split first: every run has heads of its own until the scores tie them."""
    weight, q, k = Atom(24), Atom(12), Atom(12)
    solver.unify(weight, concat(q, k))
    h, d, g, e = Atom(3), Atom(4), Atom(3), Atom(4)
    solver.unify(q, product(h, d))
    solver.unify(k, product(g, e))
    solver.unify(h, g)
    assert sizes(weight) == "((3 4) + (3 4))"
    assert len({*leaves(weight)}) == 3


def test_interleaved_queries_keys_and_values(solver: Solver) -> None:
    """`(h (q + k + v))` meets a flat weight."""
    weight, h = Atom(30), Atom(2)
    q, k, v = Atom(4), Atom(4), Atom(7)
    solver.unify(weight, product(h, concat(q, k, v)))
    assert sizes(weight) == "(2 (4 + 4 + 7))"
    assert not locks(weight)


def test_runs_with_a_common_minor_meet_a_product(solver: Solver) -> None:
    """Rows of two runs that are numbered together: `(a + b) = (n d)` with d common to both."""
    a, b, n, d = Atom(6), Atom(10), Atom(8), Atom(2)
    solver.unify(concat(a, b), product(n, d))
    assert [sizes(t) for t in (a, b, n)] == ["(3 2)", "(5 2)", "(3 + 5)"]
    assert factors(a)[1] is factors(b)[1] is resolve(d)


# ------------------------------------------------------------------------------------------------- open lengths


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


# ------------------------------------------------------------------------------------------------- properties


def divisors(n: int) -> list[int]:
    return [d for d in range(2, n) if n % d == 0]


@st.composite
def terms(draw: st.DrawFn, size: int, pool: list[Atom], depth: int = 3) -> Term:
    """A random term of a length; atoms of the pool may occur again."""
    known = [a for a in pool if a.size == size]
    if size == 1:
        return UNIT
    kind = draw(st.sampled_from(["atom", "product", "sum"] if depth else ["atom"]))
    if kind == "product" and divisors(size):
        major = draw(st.sampled_from(divisors(size)))
        return product(
            draw(terms(major, pool, depth - 1)),
            draw(terms(size // major, pool, depth - 1)),
        )
    if kind == "sum":
        n = draw(st.integers(1, size - 1))
        return concat(draw(terms(n, pool, depth - 1)), draw(terms(size - n, pool, depth - 1)))
    if known and draw(st.booleans()):
        return draw(st.sampled_from(known))
    pool.append(Atom(size))
    return pool[-1]


@given(st.data())
@FEW
def test_unified_terms_have_one_mask(data: st.DataObject) -> None:
    solver, pool = Solver(), list[Atom]()
    size = data.draw(st.sampled_from([6, 8, 12, 24, 30, 36]))
    several = [data.draw(terms(size, pool)) for _ in range(data.draw(st.integers(2, 4)))]
    for a, b in pairwise(several):
        solver.unify(a, b)
    for seed in range(3):
        assert all(agree(several[0], other, seed) for other in several[1:])
    assert {len(Keep({}).mask(t)) for t in several} == {size}


@given(st.data())
@FEW
def test_what_was_locked_stays_locked(data: st.DataObject) -> None:
    solver, pool = Solver(), list[Atom]()
    several = [data.draw(terms(24, pool)) for _ in range(3)]
    locked = data.draw(st.lists(st.sampled_from(pool), max_size=3)) if pool else []
    for one in locked:
        solver.lock(one, "before")
    solver.unify(several[0], several[1])
    solver.unify(several[1], several[2])
    assert all("before" in texts for one in locked for leaf in leaves(one) for texts in [[m.text for m in leaf.locked]])


@given(st.lists(st.lists(st.integers(1, 12), min_size=1, max_size=4), min_size=2, max_size=4))
@FEW
def test_runs_of_atoms_always_have_a_common_refinement(lists: list[list[int]]) -> None:
    solver, longest = Solver(), max(map(sum, lists))
    several = [concat(*(atom(n) for n in (*sizes_, longest - sum(sizes_)) if n)) for sizes_ in lists]
    for a, b in pairwise(several):
        solver.unify(a, b)
    assert not any(locks(t) for t in several)
    assert all(agree(several[0], other) for other in several[1:])


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=2, max_size=4))
@FEW
def test_powers_of_two_always_have_a_common_refinement(lists: list[list[int]]) -> None:
    solver, longest = Solver(), max(map(sum, lists))
    several = [product(*(atom(2**n) for n in (*powers, longest - sum(powers)))) for powers in lists]
    for a, b in pairwise(several):
        solver.unify(a, b)
    assert not any(locks(t) for t in several)
    assert all(agree(several[0], other) for other in several[1:])


@given(st.data())
@FEW
def test_order_and_side_do_not_matter(data: st.DataObject) -> None:
    """Where there is a common refinement, it is the same whichever equation comes first."""
    size = data.draw(st.sampled_from([8, 16, 32]))
    found = []
    shape = [data.draw(st.sampled_from([[size], [2, size // 2], [size // 2, 2], [4, size // 4]])) for _ in range(3)]
    for flip in (False, True):
        solver = Solver()
        several = [product(*(atom(n) for n in sizes_)) for sizes_ in shape]
        pairs = [(several[0], several[1]), (several[1], several[2])]
        for a, b in reversed(pairs) if flip else pairs:
            solver.unify(*((b, a) if flip else (a, b)))
        found.append([sizes(t) for t in several])
    assert found[0] == found[1]
