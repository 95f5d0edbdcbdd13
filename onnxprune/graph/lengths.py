"""Products of lengths: numbers times open dimensions, written as one symbol such as "4*batch*heads".

Two products are equal where their canonical symbols are. Names that a producer has made up of other operators
("(s0 + 1)//2") have no products.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable

Length = int | str

_PRODUCT = re.compile(r"[\w.:]+(\*[\w.:]+)*")


def product(lengths: Iterable[Length]) -> Length | None:
    """The product as a number, or as its canonical symbol; None where that can't be written."""
    factors = [length for length in lengths if length != 1]
    if len(factors) == 1:
        return factors[0]
    if not all(_is_plain(factor) for factor in factors):
        return 0 if 0 in factors else None
    number, names = 1, Counter[str]()
    for factor in factors:
        times, more = _parsed(factor)
        number *= times
        names += more
    return _written(number, names)


def quotient(whole: Length, part: Length) -> Length | None:
    """How many times `part` goes into `whole`; None where that isn't told by cancelling factors, or is not whole."""
    if part in (1, whole) and part != 0:
        return whole if part == 1 else 1
    if not (_is_plain(whole) and _is_plain(part)):
        return None
    above, names = _parsed(whole)
    below, fewer = _parsed(part)
    if below and not above:
        return 0
    if not below or above % below or fewer - names:
        return None
    return _written(above // below, names - fewer)


def names_in(length: Length) -> set[str]:
    """The open dimensions that a product is made of."""
    return set(_parsed(length)[1])


def _is_plain(length: Length) -> bool:
    return isinstance(length, int) or _PRODUCT.fullmatch(length) is not None


def _parsed(length: Length) -> tuple[int, Counter[str]]:
    if isinstance(length, int):
        return length, Counter()
    factors = length.split("*")
    numbers = [int(f) for f in factors if f.isdecimal()]
    return math.prod(numbers), Counter(f for f in factors if not f.isdecimal())


def _written(number: int, names: Counter[str]) -> Length:
    if not number or not names:
        return number
    return "*".join([str(number)] * (number != 1) + sorted(names.elements()))
