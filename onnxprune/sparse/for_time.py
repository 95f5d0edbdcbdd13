"""Zeros for a time: how many in which layer, so that all together take no longer, and least is lost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from onnxprune.sparse.line import Wanted
from onnxprune.sparse.pattern import Pattern
from onnxprune.sparse.place import Worth, placed
from onnxprune.sparse.speed import Speed

Array = np.ndarray

LEVELS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.87, 0.92, 0.96)
"""Sparsities at which losses are looked at."""

GRID = np.round(np.arange(0.2, 0.961, 0.02), 2)
"""Those that are chosen from, layer by layer; losses in between lie on a line."""

EVEN = np.round(np.arange(0.2, 0.9601, 0.005), 3)
"""Those that all layers may have together."""


HIGHEST, HALVINGS = 1e15, 60
"""Of the price of a second, and how closely it is found."""

ALL = 1 - 1e-6
"""More than this is never lost."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that a layer can become. want: None where it stays dense; seconds: in a call; loss: what it costs,
    -log of the share of its output's variance that is left, for what one layer after the other leaves multiplies"""

    want: Wanted | None
    seconds: float
    loss: float


@dataclass(frozen=True, slots=True)
class Slot:
    """One layer. worth: when it becomes sparse; losses: pattern -> the share lost at each of LEVELS, nothing where all
    layers are to have one sparsity"""

    want: Wanted
    worth: Worth
    speed: Speed
    losses: Mapping[str, Array]

    def options(self) -> list[Option]:
        """Dense, and all sparsities of all patterns that make it so much faster."""
        found = [Option(None, self.speed.dense, 0.0)]
        for pattern in self.worth.patterns:
            for sparsity, loss in _interpolated(pattern, self.losses[str(pattern)]):
                if self.speed.gain(pattern, sparsity) >= self.worth.gain:
                    want = replace(self.want, pattern=pattern, sparsity=sparsity, least=sparsity)
                    found.append(Option(want, self.speed.sparse(pattern, sparsity), loss))
        return found

    def even(self, sparsity: float) -> Option:
        """With a sparsity that all layers have."""
        want = placed(replace(self.want, sparsity=sparsity), self.worth, self.speed)
        return Option(want, self.speed.dense if want is None else self.speed.sparse(want.pattern, want.sparsity), 0.0)


@dataclass(frozen=True, slots=True)
class Choice:
    """What layers become, by name (None: dense), their seconds in all, and whether these are no more than asked for"""

    wanted: dict[str, Wanted | None]
    seconds: float
    met: bool


def choose(slots: Mapping[str, Slot], room: float) -> Choice:
    """What layers become so that they take at most `room` seconds, or as little as they can."""
    if all(slot.losses for slot in slots.values()):
        return _least_lost(slots, room)
    found = [_choice({name: slot.even(float(s)) for name, slot in slots.items()}, room) for s in EVEN]
    return next((choice for choice in found if choice.met), min(found, key=lambda choice: choice.seconds))


def _least_lost(slots: Mapping[str, Slot], room: float) -> Choice:
    """Each layer by itself takes the option of least loss + price * seconds, at the lowest price that fits the room;
    what room is left then goes to the layers that win most by it. No solver is needed, and none does much better."""
    options = {name: slot.options() for name, slot in slots.items()}
    low, high = 0.0, 1.0
    while not _choice(taken := _at_price(options, high), room).met:
        low, high = high, high * 4
        if high > HIGHEST:
            return _choice(taken, room)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        tried = _at_price(options, middle)
        low, high, taken = (low, middle, tried) if _choice(tried, room).met else (middle, high, taken)
    return _choice(_filled(options, taken, room), room)


def _filled(options: Mapping[str, list[Option]], taken: dict[str, Option], room: float) -> dict[str, Option]:
    """Take slower options that lose less, the largest difference first, as long as there is room."""
    while True:
        left = room - sum(option.seconds for option in taken.values())
        better = [
            (taken[name].loss - option.loss, name, option)
            for name, some in options.items()
            for option in some
            if option.loss < taken[name].loss and option.seconds <= taken[name].seconds + left
        ]
        if not better:
            return taken
        _, name, option = max(better, key=lambda entry: entry[0])
        taken = {**taken, name: option}


def _at_price(options: Mapping[str, list[Option]], price: float) -> dict[str, Option]:
    return {name: min(some, key=lambda o: o.loss + price * o.seconds) for name, some in options.items()}


def _choice(taken: Mapping[str, Option], room: float) -> Choice:
    seconds = sum(option.seconds for option in taken.values())
    return Choice({name: option.want for name, option in taken.items()}, seconds, seconds <= room * (1 + 1e-6))


def _interpolated(pattern: Pattern, lost: Array) -> Iterator[tuple[float, float]]:
    """Sparsities that a pattern can have, and what they cost; in between, shares lie on a line of their logarithms."""
    if pattern.sparsity is not None:
        yield pattern.sparsity, -math.log1p(-min(float(lost[0]), ALL))
        return
    found = np.exp(np.interp(GRID, LEVELS, np.log(np.clip(lost, 1e-12, ALL))))
    yield from ((float(sparsity), -math.log1p(-float(share))) for sparsity, share in zip(GRID, found, strict=True))
