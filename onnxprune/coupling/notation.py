"""The notation of rules: einops plus `+` for concatenation.

    n (g i) *, (g o) i *, (g o) -> n (g o) *

An operand is a run of axes. An axis is a letter (a letter and digits), a number, a product `(g i)` or a sum `(a + b)`.
A number is a fixed length, `1` an axis that broadcasts or comes and goes. `...` is a run of axes that broadcast, `*` a
run of axes that the op works along, and `_` an operand that is a parameter: no unit may leave the latter two.
An input has one run at most, for else nobody could tell where it ends; an output may have both kinds, `... *`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r"\s*(->|\.\.\.|[A-Za-z][A-Za-z0-9]*|\d+|[()+,*_])")


@dataclass(frozen=True, slots=True)
class Letter:
    """An axis, or a part of one, that is the same wherever the letter stands."""

    name: str


@dataclass(frozen=True, slots=True)
class Number:
    """An axis, or a part of one, of a fixed length."""

    size: int


@dataclass(frozen=True, slots=True)
class Factors:
    """`(g i)`, the major part first."""

    parts: tuple[Axis, ...]


@dataclass(frozen=True, slots=True)
class Segments:
    """`(a + b)`."""

    parts: tuple[Axis, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """`...` (axes that broadcast) or `*` (axes that the op works along)."""

    kind: str


Axis = Letter | Number | Factors | Segments | Run
Operand = tuple[Axis, ...] | None
"""None is the operand `_`."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed rule text: the operands before and after the arrow."""

    inputs: tuple[Operand, ...]
    outputs: tuple[Operand, ...]


class NotationError(ValueError):
    """The text is not in the notation."""


@lru_cache(maxsize=4096)
def parse(text: str) -> Pattern:
    """Parse a whole rule. Raises NotationError with the place where the text stops making sense."""
    left, arrow, right = text.partition("->")
    if not arrow:
        raise NotationError(f"no '->' in rule '{text}'")
    return Pattern(_operands(left, 1) if left.strip() else (), _operands(right, 2))


@lru_cache(maxsize=4096)
def parse_axis(text: str) -> Axis:
    """Parse one axis, e.g. `(g o)`. Raises NotationError where the text is not exactly one."""
    axes = _Parser(text).operand()
    if axes is None or len(axes) != 1 or isinstance(axes[0], Run):
        raise NotationError(f"'{text}' is not one axis")
    return axes[0]


def _operands(text: str, runs: int) -> tuple[Operand, ...]:
    operands = tuple(_Parser(part).operand() for part in text.split(","))
    for operand in operands:
        kinds = [axis.kind for axis in operand or () if isinstance(axis, Run)]
        if len(kinds) > runs or len(set(kinds)) < len(kinds):
            raise NotationError(f"too many runs in '{text.strip()}': nobody could tell where one ends")
    return operands


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.tokens = _tokens(text)
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def operand(self) -> Operand:
        if self.tokens == ["_"]:
            return None
        axes: list[Axis] = []
        while self.peek():
            axes.append(self.axis())
        return tuple(axes)

    def axis(self) -> Axis:
        token = self.take()
        if token in ("...", "*"):
            return Run(token)
        if token.isdigit():
            return Number(int(token))
        if token[0].isalpha():
            return Letter(token)
        if token == "(":
            return self.group()
        raise NotationError(f"unexpected '{token}' in '{self.text}'")

    def group(self) -> Axis:
        """After an opening bracket: segments separated by +, each a run of factors."""
        segments: list[Axis] = []
        factors: list[Axis] = []
        while True:
            if self.at >= len(self.tokens):
                raise NotationError(f"unclosed bracket in '{self.text}'")
            if self.peek() not in (")", "+"):
                factors.append(self.axis())
                continue
            if not factors or any(isinstance(part, Run) for part in factors):
                raise NotationError(f"brackets hold letters, numbers and brackets, not '{self.text}'")
            segments.append(factors[0] if len(factors) == 1 else Factors(tuple(factors)))
            factors = []
            if self.take() == ")":
                return segments[0] if len(segments) == 1 else Segments(tuple(segments))


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotationError(f"can't read '{text[at:]}' in '{text}'")
        found.append(match.group(1))
        at = match.end()
    return found


def letters(axis: Axis) -> tuple[str, ...]:
    """The letters of an axis, in order."""
    if isinstance(axis, Letter):
        return (axis.name,)
    if isinstance(axis, (Factors, Segments)):
        return tuple(name for part in axis.parts for name in letters(part))
    return ()
