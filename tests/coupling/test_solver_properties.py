"""What holds for any terms: one mask on both sides, locks that stay, and a refinement where there is one."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from onnxprune.coupling.masks import Keep
from onnxprune.coupling.solver import Solver
from onnxprune.coupling.terms import UNIT, Atom, Term, atom, concat, leaves, product
from tests.coupling.solving import agree, locks, sizes

FEW = settings(max_examples=100, deadline=None, derandomize=True)


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
