"""Keep-masks of terms, by hand."""

import numpy as np

from onnxprune.coupling.masks import ALL, Keep
from onnxprune.coupling.terms import UNIT, Atom, Product, Sum, atom, concat, product

H, D, P = Atom(2), Atom(3), Atom(2)


def bits(text: str) -> np.ndarray:
    return np.array([c == "1" for c in text])


KEEP = Keep({H: bits("01"), D: bits("101")})


def shown(mask: np.ndarray) -> str:
    return "".join("01"[bool(b)] for b in mask)


def test_an_atom_has_its_own_mask_and_keeps_all_without_one() -> None:
    assert shown(KEEP.mask(H)) == "01" and shown(KEEP.mask(P)) == "11"


def test_a_product_is_an_outer_product_the_major_part_first() -> None:
    assert shown(KEEP.mask(product(H, D))) == "000101"
    assert shown(KEEP.mask(product(D, H))) == "010001"
    assert shown(KEEP.mask(Product((H, P, H)))) == "00000101"
    assert shown(KEEP.mask(UNIT)) == "1"


def test_a_sum_is_a_concatenation() -> None:
    assert shown(KEEP.mask(concat(D, P, H))) == "1011101"
    assert shown(KEEP.mask(Sum(()))) == ""
    assert shown(KEEP.mask(product(H, concat(D, P)))) == "0000010111"


def test_a_bound_atom_has_the_mask_of_what_it_stands_for() -> None:
    whole = Atom(6)
    whole.bound = product(H, D)
    assert shown(KEEP.mask(whole)) == "000101" and KEEP.touches(whole) and KEEP.kept(whole) == 2


def test_one_atom_that_loses_units_is_enough_to_be_touched() -> None:
    assert KEEP.touches(concat(P, D)) and KEEP.touches(product(P, H))
    assert not KEEP.touches(concat(P, Atom(4))) and not KEEP.touches(UNIT)


def test_a_mask_that_keeps_all_is_none() -> None:
    keep = Keep({H: bits("11"), D: bits("111")})
    assert not keep and not keep.masks and not keep.touches(product(H, D)) and not ALL
    assert KEEP


def test_lengths_that_stay() -> None:
    assert KEEP.kept(product(H, D)) == 2 and KEEP.kept(concat(H, D, P)) == 5 and KEEP.kept(UNIT) == 1
    assert KEEP.kept(product(atom(None), D)) == 2


def test_units_in_an_order_of_their_own() -> None:
    """Indices of atoms, of the outer product, and behind each other."""
    keep = Keep({H: bits("01"), D: np.array([2, 0]), P: np.array([1, 0])})
    assert shown(keep.mask(D)) == "101" and keep.touches(P) and keep.kept(P) == 2
    assert keep.indices(D).tolist() == [2, 0] and keep.indices(H).tolist() == [1]
    assert keep.indices(product(H, D)).tolist() == [5, 3]
    assert keep.indices(product(D, H)).tolist() == [5, 1]
    assert keep.indices(concat(D, P, H)).tolist() == [2, 0, 4, 3, 6]
    assert keep.indices(product(P, concat(D, P))).tolist() == [7, 5, 9, 8, 2, 0, 4, 3]
    assert keep.among(lambda a: a is D).indices(concat(D, P)).tolist() == [2, 0, 3, 4]
    assert KEEP.indices(product(H, D)).tolist() == [3, 5]
