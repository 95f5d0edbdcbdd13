"""The registry of steps: each adds a few nodes behind one tensor, and gives back what may go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.fuzz.net import Net, Value

Function = Callable[[Net, Value], Value | None]

ANY = ("image", "sequence", "flat")


@dataclass(frozen=True, slots=True)
class Step:
    """kinds: the layouts that it takes; since, until: the opsets that spell it and run; closed: whether it needs
    lengths that are known, and is left out of graphs with open ones; floats: whether half precision leaves it out"""

    function: Function
    kinds: tuple[str, ...]
    since: int = 11
    until: int = 99
    closed: bool = False
    floats: bool = False

    def fits(self, net: Net, x: Value) -> bool:
        recipe = net.recipe
        wrong = (self.closed and recipe.open) or (self.floats and recipe.half)
        return x.kind in self.kinds and self.since <= recipe.opset <= self.until and not wrong


STEPS: dict[str, Step] = {}


def step(
    *kinds: str, since: int = 11, until: int = 99, closed: bool = False, floats: bool = False
) -> Callable[[Function], Function]:
    """Register a step. kinds: none for any; floats: not in half precision."""

    def register(function: Function) -> Function:
        assert function.__name__ not in STEPS
        STEPS[function.__name__] = Step(function, kinds or ANY, since, until, closed, floats)
        return function

    return register
