"""Shape operands written down."""

import math
import random

import pytest

from onnxprune.graph.lengths import product
from onnxprune.graph.spelling import Length, spell_expand, spell_reshape

RESHAPE: list[tuple[list[Length], list[Length], bool, list[int | None], list[Length]]] = [
    # shape, values, allowzero -> entries, lengths made
    (["b", "s", 768], ["b", "s", 12, 64], False, [0, 0, 12, 64], ["b", "s", 12, 64]),
    (["b", "s", 768], ["b", "s", -1, 64], False, [0, 0, 12, 64], ["b", "s", 12, 64]),
    (["b", "s", 768], [0, 0, -1, 64], False, [0, 0, 12, 64], ["b", "s", 12, 64]),
    (["b", 12, "s", 64], ["b", "s", 768], False, [0, -1, 768], ["b", "s", 768]),
    (["b", 12, "s", 64], [None, "s", 64], False, [-1, None, 64], [None, "s", 64]),
    (["b", "s", 768], [None, 768], False, [-1, 768], [None, 768]),
    (["b", "s", 768], [-1, 768], False, [-1, 768], ["b*s", 768]),
    (["b", 4, 1, 12, 12], ["4*b", -1, 12], False, [-1, 12, 12], ["4*b", 12, 12]),
    (["b", 4, "s", 12], ["b*s", -1], False, [-1, 48], ["b*s", 48]),
    (["b*s", 48], ["b", "s", -1, 12], False, [-1, None, 4, 12], ["b", "s", 4, 12]),
    (["8*b", 3], ["b", -1, 3], False, [-1, 8, 3], ["b", 8, 3]),
    (["8*b", 3], ["b", -1, 9], False, [None, -1, 9], ["b", None, 9]),
    (["b", 8, 4], ["b", -1], False, [0, 32], ["b", 32]),
    (["b", 8, 4], [-1, 32], False, [-1, 32], ["b", 32]),
    ([6, 8], [-1, 4], False, [12, 4], [12, 4]),
    ([6, 8], [5, -1], False, [5, -1], [5, None]),
    (["b", "b", 2], ["b", -1], False, [0, -1], ["b", "2*b"]),
    (["b", 8], [None, None, 4], False, [-1, None, 4], [None, None, 4]),
    (["b", 8], ["s", "t", 4], False, [-1, None, 4], ["s", "t", 4]),
    ([], [1], False, [1], [1]),
    (["b", 0], ["b", -1], False, [0, 0], ["b", 0]),
    (["b", 0, 3], [0, 0, 3], False, [0, 0, 3], ["b", 0, 3]),
    (["b", 0, 3], ["b", 0, 3], True, [None, 0, 3], ["b", 0, 3]),
    (["b", 6], ["b", 2, 3], True, [0, 2, 3], ["b", 2, 3]),
    (["b", 6], [0, 6], True, [0, 6], [0, 6]),
    ([3], [0, 3], False, [0, 3], [3, 3]),
]


@pytest.mark.parametrize(("shape", "values", "allow_zero", "entries", "made"), RESHAPE, ids=str)
def test_reshape(
    shape: list[Length], values: list[Length], allow_zero: bool, entries: list[int | None], made: list[Length]
) -> None:
    assert spell_reshape(values, shape, allow_zero) == (entries, made)


@pytest.mark.parametrize(
    ("shape", "values", "entries"),
    [
        (["b", 1, 64], ["b", 12, 64], [1, 12, 64]),
        ([1, 64], ["b", "s", 64], [None, None, 64]),
        (["s", 64], ["b", "s", 64], [None, 1, 64]),
        ([1], ["b"], [None]),
        (["b", "s"], [None, "s"], [None, 1]),
        ([], ["b", 2], [None, 2]),
    ],
    ids=str,
)
def test_expand(shape: list[Length], values: list[Length], entries: list[int | None]) -> None:
    assert spell_expand(values, shape) == entries


def test_what_is_written_means_the_same() -> None:
    """Random reshapes: the entries, resolved as a runtime does, make the shape that was asked for."""
    rng = random.Random(0)
    sizes = {"b": 2, "s": 5, "t": 7}
    told = 0
    for _ in range(400):
        shape = [rng.choice(["b", "s", "t", 1, 2, 3, 4, 6, 12]) for _ in range(rng.randint(1, 4))]
        target: list[Length] = list(shape)
        rng.shuffle(target)
        if rng.random() < 0.6 and len(target) > 1:
            k = rng.randrange(len(target) - 1)
            pair = target[k : k + 2]
            target[k : k + 2] = [
                product([p for p in pair if p is not None]) if rng.random() < 0.5 or "b" not in pair else None
            ]
        values: list[Length] = list(target)
        if rng.random() < 0.4:
            values[rng.randrange(len(values))] = -1
        actual = [sizes.get(d, d) for d in shape]  # type: ignore[arg-type]
        wanted = _resolve(actual, [_number(v, sizes) for v in values], values, target, sizes, shape)
        entries, made = spell_reshape(values, shape, False)
        assert all(e is None or isinstance(e, int) for e in entries)
        assert entries.count(-1) <= 1
        filled = [
            w if e is None else actual[i] if e == 0 else e for i, (e, w) in enumerate(zip(entries, wanted, strict=True))
        ]
        if -1 in filled:
            filled[filled.index(-1)] = math.prod(actual) // -math.prod(filled)  # type: ignore[arg-type]
        assert filled == wanted
        assert all(m is None or _number(m, sizes) == w for m, w in zip(made, wanted, strict=True))
        told += None not in entries
    assert told > 200


def _number(value: Length, sizes: dict[str, int]) -> int | None:
    return math.prod(sizes.get(f) or int(f) for f in value.split("*")) if isinstance(value, str) else value


def _resolve(
    actual: list[object],
    numbers: list[int | None],
    values: list[Length],
    target: list[Length],
    sizes: dict[str, int],
    shape: list[Length],
) -> list[int]:
    """The lengths that the target stands for: None is what makes the product come out."""
    whole = math.prod(actual)  # type: ignore[type-var]
    lengths = [_number(t, sizes) for t in target]
    known = math.prod(n for n in lengths if n is not None)
    return [whole // known if n is None else n for n in lengths]  # type: ignore[operator, return-value]
