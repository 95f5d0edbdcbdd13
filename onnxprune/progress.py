"""How long work tells how far it is: sentences, which may know how much of a whole is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


class Stage(str):
    """What goes on, as text; done, total: how much of what there is to do is behind it, in steps or in any unit that
    takes about the same time; a total of 0 is one that nobody knows."""

    done: float
    total: float

    def __new__(cls, text: str, done: float = 0, total: float = 0) -> Stage:
        made = super().__new__(cls, text)
        made.done, made.total = done, total
        return made


Progress = Callable[[str], None]
"""Takes every stage; one that is a `Stage` can tell how far it is."""


def silent(_: str) -> None:
    """No progress."""


def counted(what: str, number: int, total: int) -> Stage:
    """`repairing layer 3 of 40`; number: how many are done, 2 here."""
    return Stage(f"{what} {number + 1} of {total}", number, total)


def inside(progress: Progress, name: str) -> Progress:
    """Tells the stages of a part of the work under the name of that part."""
    return lambda stage: progress(Stage(f"{name}: {stage}", getattr(stage, "done", 0), getattr(stage, "total", 0)))


class Steps:
    """Tells of equal steps under one title: called once before each. total: how many there are"""

    def __init__(self, progress: Progress, title: str, total: int) -> None:
        self._progress, self._title, self._total = progress, title, total
        self._done = 0

    def __call__(self) -> None:
        self._progress(Stage(self._title, self._done, self._total))
        self._done += 1

    def each(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items, a step each."""
        for item in items:
            self()
            yield item
