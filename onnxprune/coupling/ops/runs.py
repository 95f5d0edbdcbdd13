"""Two shapes of the same elements, cut into runs of axes that hold the same elements on both sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Size = int | str | None
"""A length, the symbol of an open one, or None where nothing is known of it."""

Run = tuple[list[int], list[int]]
"""Axes of the left shape and axes of the right shape."""


def runs(left: Sequence[Size], right: Sequence[Size]) -> list[Run]:
    """The shortest runs of equal product, row-major.

    They are paired from the left up to the first length that is open on either side without being the same symbol, then
    from the right; what stays between is one run.
    """
    head = list(_pairs(left, right))
    i, j = sum(a for a, _ in head), sum(b for _, b in head)
    tail = list(_pairs(left[i:][::-1], right[j:][::-1]))[::-1]
    m, n = len(left) - sum(a for a, _ in tail), len(right) - sum(b for _, b in tail)
    counts = [*head, *([(m - i, n - j)] if m > i or n > j else []), *tail]
    return list(_numbered(counts))


def _numbered(counts: list[tuple[int, int]]) -> Iterator[Run]:
    i = j = 0
    for a, b in counts:
        yield list(range(i, i + a)), list(range(j, j + b))
        i, j = i + a, j + b


def _pairs(left: Sequence[Size], right: Sequence[Size]) -> Iterator[tuple[int, int]]:
    """How many axes of each side make the next run, as long as that can be told."""
    while left and right and (step := _shortest(left, right)):
        yield step
        left, right = left[step[0] :], right[step[1] :]


def _shortest(left: Sequence[Size], right: Sequence[Size]) -> tuple[int, int] | None:
    """How many axes of each side make the first run; None where an open length stands in the way."""
    if left[0] is not None and left[0] == right[0]:
        return 1, 1
    counts, products = [0, 0], [1, 1]
    while not all(counts) or products[0] != products[1]:
        side = 0 if (products[0] <= products[1] and counts[0] < len(left)) or counts[1] == len(right) else 1
        rest = (left, right)[side][counts[side] :]
        if not rest or not isinstance(rest[0], int):
            return None
        products[side] *= rest[0]
        counts[side] += 1
    return counts[0], counts[1]
