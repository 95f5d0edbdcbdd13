"""Products of lengths."""

import pytest

from onnxprune.graph.lengths import Length, names_in, product, quotient


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([], 1),
        ([3, 4], 12),
        (["b"], "b"),
        ([1, "b"], "b"),
        ([0, "b"], 0),
        (["s", 4, "b", 3], "12*b*s"),
        (["4*b", "2*b*s"], "8*b*b*s"),
    ],
)
def test_product(lengths: list[Length], expected: Length) -> None:
    assert product(lengths) == expected


@pytest.mark.parametrize(
    ("whole", "part", "expected"),
    [
        (12, 4, 3),
        (12, 5, None),
        ("12*b", 4, "3*b"),
        ("12*b", "4*b", 3),
        ("12*b*s", "s", "12*b"),
        ("6*b", 4, None),
        ("6*b", "s", None),
        ("b", "b*b", None),
        ("b", "b", 1),
        (0, "b", 0),
        ("b", 0, None),
    ],
)
def test_quotient(whole: Length, part: Length, expected: Length | None) -> None:
    assert quotient(whole, part) == expected


def test_names_made_of_other_operators_have_no_products() -> None:
    name = "(2*s0)//3"
    assert product([name, 6]) is None
    assert product([name, 1]) == name
    assert product([name, 0]) == 0
    assert quotient(name, 2) is None
    assert quotient(name, name) == 1
    assert quotient(name, 1) == name


def test_names_of_a_product() -> None:
    assert names_in("4*b*s") == {"b", "s"}
    assert names_in(4) == set()
