"""Ops whose operands are coupled through graphs of their own (If, Loop, Scan): a function instead of a notation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import onnx_graphsurgeon as gs

from onnxprune.coupling.rule import STANDARD_DOMAINS
from onnxprune.words import first_line

if TYPE_CHECKING:
    from onnxprune.coupling.walker import Walker

Handler = Callable[["Walker", gs.Node], None]

_HANDLERS: dict[tuple[str, str], Handler] = {}


def structure(op: str, domain: str = "") -> Callable[[Handler], Handler]:
    """Register the handler of an op with subgraphs. Raises ValueError where it has one already."""

    def register(function: Handler) -> Handler:
        if (domain, op) in _HANDLERS:
            raise ValueError(f"two handlers for op {op}")
        _HANDLERS[(domain, op)] = function
        return function

    return register


def structures() -> list[tuple[str, str, str]]:
    """(domain, op, first line of the handler's docstring) of every op with subgraphs, sorted."""
    return [(d, op, first_line(f)) for (d, op), f in sorted(_HANDLERS.items())]


def structural(domain: str, op: str) -> Handler | None:
    """The handler of an op, or None where it has none."""
    return _HANDLERS.get(("" if domain in STANDARD_DOMAINS else domain, op))
