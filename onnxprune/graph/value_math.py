"""Shape arithmetic that computes with elements. A symbol is a length: not negative, equal to itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import TypeGuard

import numpy as np

from onnxprune.graph.lengths import Length, product, quotient
from onnxprune.graph.values import Made, Values, View, evaluates, scalar

Number = int | float
Element = Number | str | None
Binary = Callable[[Element, Element], Element]

_LARGEST = 2**31 - 1
"""Every length is smaller: exporters write this or more for "to the end"."""


def _apply(function: Binary, a: Values, b: Values) -> Values:
    made = np.frompyfunc(function, 2, 1)(a, b)
    return made if isinstance(made, np.ndarray) else scalar(made)


def _numbers(function: Callable[[Number, Number], Element], symbols: Binary = lambda a, b: None) -> Binary:
    """Elementwise: `function` where both sides are numbers, `symbols` where one is a symbol."""

    def element(a: Element, b: Element) -> Element:
        if a is None or b is None:
            return None
        return symbols(a, b) if isinstance(a, str) or isinstance(b, str) else function(a, b)

    return element


def _quotient(a: Number, b: Number) -> Number:
    """Integers are divided towards zero."""
    if isinstance(a, int) and isinstance(b, int):
        return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return a / b


def _product(a: Element, b: Element) -> Element:
    return product((a, b)) if _is_length(a) and _is_length(b) else None


def _share(a: Element, b: Element) -> Element:
    return quotient(a, b) if _is_length(a) and _is_length(b) else None


def _is_length(element: Element) -> TypeGuard[Length]:
    return isinstance(element, str) or (isinstance(element, int) and element >= 0)


def _at_least(a: Element, b: Element) -> bool | None:
    """Whether a >= b, where at least one is a symbol."""
    if a == b:
        return True
    if isinstance(b, (int, float)):
        return True if b <= 0 else False if b >= _LARGEST else None
    if isinstance(a, (int, float)):
        return False if a < 0 else True if a >= _LARGEST else None
    return None


def _not(verdict: bool | None) -> bool | None:
    return None if verdict is None else not verdict


def _equal(a: Element, b: Element) -> Element:
    number = b if isinstance(a, str) else a
    return True if a == b else False if isinstance(number, (int, float)) and number < 0 else None


def _larger(a: Element, b: Element) -> Element:
    return a if _at_least(a, b) else b if _at_least(b, a) else None


def _smaller(a: Element, b: Element) -> Element:
    verdict = _at_least(a, b)
    return b if verdict else a if verdict is False or _at_least(b, a) else None


BINARY: dict[str, Binary] = {
    "Add": _numbers(lambda a, b: a + b, lambda a, b: a if b == 0 else b if a == 0 else None),
    "Sub": _numbers(lambda a, b: a - b, lambda a, b: a if b == 0 else 0 if a == b else None),
    "Mul": _numbers(lambda a, b: a * b, _product),
    "Div": _numbers(_quotient, _share),
    "Pow": _numbers(lambda a, b: a**b),
    "Min": _numbers(min, _smaller),
    "Max": _numbers(max, _larger),
    "Equal": _numbers(lambda a, b: a == b, _equal),
    "GreaterOrEqual": _numbers(lambda a, b: a >= b, _at_least),
    "LessOrEqual": _numbers(lambda a, b: a <= b, lambda a, b: _at_least(b, a)),
    "Greater": _numbers(lambda a, b: a > b, lambda a, b: _not(_at_least(b, a))),
    "Less": _numbers(lambda a, b: a < b, lambda a, b: _not(_at_least(a, b))),
    "And": _numbers(lambda a, b: bool(a) and bool(b)),
    "Or": _numbers(lambda a, b: bool(a) or bool(b)),
    "Xor": _numbers(lambda a, b: bool(a) != bool(b)),
}

UNARY: dict[str, Callable[[Number], Element]] = {
    "Neg": lambda a: -a,
    "Abs": abs,
    "Not": lambda a: not a,
    "Sqrt": math.sqrt,
    "Reciprocal": lambda a: 1 / a,
    "Sign": lambda a: (a > 0) - (a < 0),
    "Floor": math.floor,
    "Ceil": math.ceil,
    "Round": round,
}

_OF_A_LENGTH = frozenset(("Abs", "Floor", "Ceil", "Round"))
"""What leaves a symbol as it is."""


@evaluates(*BINARY)
def binary(node: View) -> Made:
    """Elementwise, of two operands or, for Min and Max, any number."""
    function = BINARY[node.node.op]
    return reduce(lambda a, b: _apply(function, a, b), [node.values(i) for i in range(len(node.node.inputs))])


@evaluates("Mod")
def modulo(node: View) -> Made:
    """The remainder has the divisor's sign, or the dividend's under fmod."""
    function = _numbers(math.fmod if node.attr("fmod", 0) else lambda a, b: a % b)
    return _apply(function, node.values(0), node.values(1))


@evaluates(*UNARY)
def unary(node: View) -> Made:
    """Elementwise."""
    op, function = node.node.op, UNARY[node.node.op]
    made = np.frompyfunc(lambda a: a if a is None or isinstance(a, str) else function(a), 1, 1)(
        node.values(0) if op in _OF_A_LENGTH else node.numbers(0)
    )
    return made if isinstance(made, np.ndarray) else scalar(made)


@evaluates("Where")
def where(node: View) -> Made:
    """One of two, and either where both are the same."""

    def element(condition: Element, a: Element, b: Element) -> Element:
        return (a if a == b else None) if condition is None else a if condition else b

    made = np.frompyfunc(element, 3, 1)(node.values(0), node.values(1), node.values(2))
    return made if isinstance(made, np.ndarray) else scalar(made)


REDUCTIONS = {"ReduceSum": "Add", "ReduceProd": "Mul", "ReduceMax": "Max", "ReduceMin": "Min"}


@evaluates(*REDUCTIONS)
def reduction(node: View) -> Made:
    """Along some axes, or all."""
    values = node.values(0)
    axes = node.ints(1, "axes")
    if not axes:
        if node.attr("noop_with_empty_axes", 0):
            return values
        axes = list(range(values.ndim))
    function = np.frompyfunc(BINARY[REDUCTIONS[node.node.op]], 2, 1)
    kept = list(values.shape)
    for axis in sorted((a % values.ndim for a in axes), reverse=True):
        reduced = function.reduce(values, axis=axis)
        values = reduced if isinstance(reduced, np.ndarray) else scalar(reduced)
        kept[axis] = 1
    return values.reshape(kept) if node.attr("keepdims", 1) else values
