import numpy as np
import pytest

from onnxprune.coupling.masks import ALL, Keep
from onnxprune.coupling.terms import (
    UNIT,
    Atom,
    Cause,
    Product,
    Sum,
    atom,
    concat,
    factors,
    is_locked,
    leaves,
    length,
    product,
    resolve,
    segments,
    show,
)


def test_one_index_is_the_empty_product() -> None:
    assert atom(1) is UNIT and UNIT.size == 1
    assert product() is UNIT and product(UNIT, atom(1)) is UNIT


def test_products_drop_factors_of_one_index_and_brackets_around_one_factor() -> None:
    a, b = atom(2), atom(3)
    assert product(UNIT, a) is a
    assert factors(product(a, UNIT, b)) == [a, b]


def test_sums_drop_empty_segments_and_brackets_around_one_segment() -> None:
    a, b = atom(2), atom(3)
    assert concat(concat(), a) is a
    assert segments(concat(a, concat(), b)) == [a, b]
    assert concat().size == 0


def test_sums_keep_segments_of_one_index() -> None:
    assert concat(UNIT, UNIT, UNIT).size == 3


def test_sizes_multiply_and_add() -> None:
    assert product(atom(2), concat(atom(3), atom(4))).size == 14


def test_an_open_length_makes_the_whole_open() -> None:
    assert product(atom(2), atom(None)).size is None
    assert concat(atom(2), atom(None)).size is None


def test_resolve_follows_bindings_and_shortens_the_way() -> None:
    a, b, c = Atom(6), Atom(6), Atom(6)
    a.bound, b.bound = b, c
    assert resolve(a) is c
    assert a.bound is c


def test_factors_and_segments_open_nested_and_bound_terms() -> None:
    a, b, c, bound = Atom(2), Atom(3), Atom(4), Atom(6)
    bound.bound = product(a, b)
    assert factors(product(bound, c)) == [a, b, c]
    bound.bound = concat(a, c)
    assert segments(concat(b, bound)) == [b, a, c]


def test_leaves_come_left_to_right_and_as_often_as_they_occur() -> None:
    a, b = atom(2), atom(3)
    assert list(leaves(product(concat(a, b), a))) == [a, b, a]


def test_locked_are_terms_all_of_whose_atoms_are() -> None:
    a, b = Atom(2), Atom(3)
    a.locked[Cause("n", "Op", "why")] = None
    assert is_locked(a) and is_locked(product(a, UNIT)) and is_locked(UNIT)
    assert not is_locked(concat(a, b))


def test_length_counts_with_the_given_sizes() -> None:
    a, b, c = atom(4), atom(3), atom(5)
    kept = {a: 2, b: 3, c: 1}
    assert length(product(a, concat(b, c)), kept.__getitem__) == 8


def test_length_of_a_chain_longer_than_the_stack() -> None:
    joined = atom(1)
    for _ in range(3000):
        joined = Sum((joined, UNIT))
    assert length(joined, lambda a: 0) == 3001


def test_show_writes_the_notation_of_rules() -> None:
    a, b, c = atom(2), atom(3), atom(4)
    names = {a: "h", b: "p", c: "q"}
    assert show(product(a, concat(b, c)), names.__getitem__) == "(h (p + q))"
    assert show(UNIT) == "1"
    assert show(a) == f"a{a.serial}"


def test_terms_are_told_apart_by_identity() -> None:
    a = atom(2)
    assert Product((a,)) != Product((a,))
    assert repr(Atom(7)).endswith("(7)")


@pytest.mark.parametrize(
    ("cause", "text"),
    [
        (Cause("n", "Add", "why"), "Add 'n': why"),
        (Cause("n", "Add"), "Add 'n'"),
        (Cause("x", "", "graph input"), "'x': graph input"),
    ],
)
def test_a_cause_names_the_node(cause: Cause, text: str) -> None:
    assert str(cause) == text


# ------------------------------------------------------------------------------------------------- masks


def test_mask_of_a_product_is_row_major() -> None:
    h, d = Atom(2), Atom(3)
    keep = Keep({h: np.array([True, False]), d: np.array([True, False, True])})
    assert keep.mask(product(h, d)).tolist() == [True, False, True, False, False, False]
    assert keep.kept(product(h, d)) == 2


def test_mask_of_a_sum_is_the_concatenation() -> None:
    a, b = Atom(2), Atom(3)
    keep = Keep({b: np.array([False, True, True])})
    assert keep.mask(concat(a, b, UNIT)).tolist() == [True, True, False, True, True, True]
    assert keep.kept(concat(a, b, UNIT)) == 5


def test_mask_of_nothing() -> None:
    assert ALL.mask(concat()).tolist() == [] and ALL.kept(concat()) == 0
    assert ALL.mask(UNIT).tolist() == [True] and ALL.kept(UNIT) == 1


def test_an_atom_of_no_index_counts_as_none_and_an_open_one_as_one() -> None:
    assert ALL.kept(atom(0)) == 0
    assert ALL.kept(atom(None)) == 1


def test_touches_only_what_loses_units() -> None:
    a, b = Atom(2), Atom(3)
    keep = Keep({a: np.array([True, True]), b: np.array([True, False, True])})
    assert keep.touches(product(a, b)) and not keep.touches(a)
    assert keep and not Keep({a: np.array([True, True])})


def test_masks_follow_bindings() -> None:
    a, b = Atom(4), Atom(2)
    c = Atom(2)
    a.bound = product(b, c)
    keep = Keep({b: np.array([False, True])})
    assert keep.mask(a).tolist() == [False, False, True, True]
