"""The laws of unification: bind, cut, divide, distribute; what has no common refinement is locked with the reason."""

import pytest

from onnxprune.coupling.solver import MAX_PIECES, Solver
from onnxprune.coupling.terms import (
    MAX_REASONS,
    UNIT,
    Atom,
    Cause,
    atom,
    concat,
    factors,
    leaves,
    product,
    resolve,
    segments,
)
from tests.coupling.solving import agree, locks, sizes


@pytest.fixture
def solver() -> Solver:
    made = Solver()
    made.cause = Cause("node", "Op")
    return made


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


def test_a_run_that_meets_itself_shifted(solver: Solver) -> None:
    """x[2:] = x[:-2]: the first two indices are those of every further pair."""
    x = Atom(2000)
    parts, others = solver.cut(x, 2), solver.cut(x, 1998)
    assert parts is not None and others is not None
    solver.unify(parts[1], others[0])
    assert not locks(x) and len({*leaves(x)}) == 1 and len(segments(x)) == 1000
    assert agree(parts[1], others[0])


def test_a_run_is_not_cut_into_thousands_of_pieces(solver: Solver) -> None:
    x = Atom(16000)
    parts, others = solver.cut(x, 1), solver.cut(x, 15999)
    assert parts is not None and others is not None
    solver.unify(parts[1], others[0])
    assert all("no common refinement" in text and len(text) < 100 for text in locks(x))
    assert len(solver.edges) < 3 * MAX_PIECES
    assert agree(parts[1], others[0])


def test_what_is_locked_is_not_told_apart(solver: Solver) -> None:
    a, b, c = Atom(6), Atom(2), Atom(3)
    solver.lock(concat(a, b, c), "why")
    solver.unify(a, product(b, c))
    assert not solver.edges
    d = Atom(6)
    solver.unify(a, d)
    assert locks(d) == ["why"]


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
    assert set(locks(concat(a, b))) == {"no common refinement of (5 + 7) and (4 3)"} == set(locks(product(h, d)))


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
