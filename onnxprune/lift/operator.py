"""The registry of operators: how torch computes an ONNX op, keyed by domain, op type and opset range.

An operator is a function from a call and its operands to the outputs; it lives in `onnxprune/lift/ops/<family>.py`:

    @operator("Gemm", weights=(0, 1, 2))
    def gemm(call: Call, a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
        ...

Operands that are absent are None. Gradients flow through everything that torch differentiates; where an op rounds, they
pass straight through. Numbers of 16 bits are computed with 32: what they stay in the file is the writer's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import numpy as np
from torch import Tensor

Made: TypeAlias = Tensor | Sequence[Tensor | None]
Function = Callable[..., Made]
Kind = TypeVar("Kind", bound=Function)
Body = Callable[[Sequence[Tensor]], list[Tensor]]
"""A graph inside a node: values of its inputs -> those of its outputs."""

STANDARD = ("", "ai.onnx")
CONTRIB = "com.microsoft"

ALL = range(64)
"""All operands."""


@dataclass(frozen=True, slots=True)
class Call:
    """What an operator knows of a node beside its operands.

    wanted: which of the outputs somebody reads; kinds: names of the types that operands have in the file, "" where it
    doesn't tell
    """

    op: str
    opset: int
    attrs: Mapping[str, Any]
    wanted: tuple[bool, ...]
    bodies: Mapping[str, Body] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()

    def kind(self, place: int) -> str:
        """The type of an operand in the file; "" where it isn't there or nobody says."""
        return self.kinds[place] if place < len(self.kinds) else ""

    def attr(self, name: str, default: Any = None) -> Any:
        """An attribute, or `default` where the node doesn't have it."""
        return self.attrs.get(name, default)

    def ints(self, name: str, operand: np.ndarray | None = None) -> list[int] | None:
        """Integers that newer opsets pass as an operand and older ones as an attribute; None where neither is there."""
        if operand is not None:
            return [int(v) for v in operand.ravel()]
        given = self.attr(name)
        return None if given is None else [int(v) for v in np.ravel(given)]


@dataclass(frozen=True, slots=True)
class Operator:
    """A registered function.

    host: operands that are read as numbers, not computed with (shapes, axes): the function gets numpy arrays; weights:
    operands in which stored numbers are learned; view: it only arranges what it reads anew; random: it
    makes something else every time
    """

    function: Function
    host: frozenset[int]
    weights: frozenset[int]
    view: bool
    random: bool


_OPERATORS: dict[tuple[str, str], list[tuple[int, int, Operator]]] = {}


def operator(
    *ops: str,
    domain: str = "",
    host: Sequence[int] = (),
    weights: Sequence[int] = (),
    view: bool = False,
    random: bool = False,
    since: int = 1,
    until: int = 2**31,
) -> Callable[[Kind], Kind]:
    """Register a function for op types, from opset `since` on and before `until`."""

    def register(function: Kind) -> Kind:
        made = Operator(function, frozenset(host), frozenset(weights), view, random)
        for op in ops:
            _OPERATORS.setdefault((domain, op), []).append((since, until, made))
        return function

    return register


def find(domain: str, op: str, opset: int) -> Operator | None:
    """The operator of a node; None where there is none."""
    entries = _OPERATORS.get(("" if domain in STANDARD else domain, op), ())
    return next((made for since, until, made in entries if since <= opset < until), None)


def known() -> list[tuple[str, str]]:
    """Domain and type of all ops that can be lifted."""
    return sorted(_OPERATORS)
