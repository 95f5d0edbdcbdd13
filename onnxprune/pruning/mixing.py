"""The better of two decisions, or a mixture: some groups from the one, some from the other.

What was learned may help in some groups and harm in others once all is repaired. Slices of groups change sides one
after the other, and stay where less is lost so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

SLICES = 8
"""Each costs a repair and a look at data held out."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Judged(Generic[T]):
    """loss: of `found`, what was made for some groups"""

    loss: float
    found: T


Judge = Callable[[frozenset[str]], Judged[T] | None]
"""What comes of taking some groups from the second decision; None where that can't be done."""


def mixed(names: Sequence[str], first: Judged[T], second: Judged[T], judge: Judge[T]) -> Judged[T]:
    """The least loss of two decisions and some mixtures of them. names: of the groups in which they differ; first: with
    none of these from the second, second: with all"""
    whole, best, taken = frozenset(names), first, frozenset[str]()
    if second.loss < first.loss:
        best, taken = second, whole
    for part in slices(names):
        trial = taken ^ part
        found = judge(trial) if trial and trial != whole else None
        if found is not None and found.loss < best.loss:
            best, taken = found, trial
    return best


def slices(names: Sequence[str]) -> Iterator[frozenset[str]]:
    """Names next to each other, as evenly as can be, at most `SLICES` of them."""
    count = min(len(names), SLICES)
    for k in range(count):
        yield frozenset(names[k * len(names) // count : (k + 1) * len(names) // count])
