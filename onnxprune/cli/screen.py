"""What people see: tables on stdout, progress on stderr. Names are data here, never markup."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from rich import box
from rich.console import Console, JustifyMethod, RenderableType
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

UNLIMITED = 10_000
"""Width where nobody looks: a file or a pipe gets whole names in one line."""

GAP = 3
LEAST_NAME, LEAST_TEXT = 12, 32


def screen() -> Console:
    """The console of stdout: as wide as the terminal, unlimited and without colours elsewhere."""
    width = None if sys.stdout.isatty() else UNLIMITED
    return Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)


def show_all(*parts: RenderableType) -> None:
    """Print to stdout, with an empty line between the parts."""
    console = screen()
    with console.capture() as captured:
        for number, part in enumerate(parts):
            console.print(*([""] if number else []), part, sep="\n")
    lines = captured.get().splitlines()
    print("\n".join(lines if console.is_terminal else [line.rstrip() for line in lines]))


def table(head: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> Table:
    """A table with a line under its head.

    align: one letter per column: "l" left, "r" right, "n" a name, which loses its middle where the terminal
    is narrow, "t" a text, which goes on under itself
    """
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name, side in zip(head, align, strict=True):
        justify: JustifyMethod = "right" if side == "r" else "left"
        made.add_column(name, justify=justify, no_wrap=side != "t", overflow="fold")
    room = _room([head, *rows], align, screen().width)
    for row in rows:
        made.add_row(*(shorten(cell, room) if side == "n" else cell for cell, side in zip(row, align, strict=True)))
    return made


def shorten(name: str, most: int) -> str:
    """A name in at most so many characters: its end says most (the axis), its beginning the rest."""
    if len(name) <= most:
        return name
    tail = (most - 1) * 2 // 3
    return f"{name[: most - 1 - tail]}…{name[-tail:]}"


def _room(rows: Sequence[Sequence[str]], align: str, width: int) -> int:
    """Characters that every name may have, so that all columns fit; texts can do with some."""
    widest = [max(len(row[i]) for row in rows) for i in range(len(align))]
    wanted = [min(w, LEAST_TEXT) if side == "t" else w for w, side in zip(widest, align, strict=True)]
    taken = sum(w for w, side in zip(wanted, align, strict=True) if side != "n") + GAP * len(align)
    names = sorted(w for w, side in zip(wanted, align, strict=True) if side == "n")
    left = width - taken
    while len(names) > 1 and names[0] <= left // len(names):
        left -= names.pop(0)  # a short one leaves the others more
    return max(left // max(len(names), 1), LEAST_NAME)


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Labels and sentences; long sentences go on under themselves."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in rows:
        grid.add_row(label, Text(text))
    return grid


@contextlib.contextmanager
def stages() -> Iterator[Callable[[str], None]]:
    """A line on stderr that says what goes on and for how long; nothing where stderr is no terminal."""
    with _progress() as shown:
        task: TaskID | None = None

        def show(stage: str) -> None:
            nonlocal task
            if task is not None:
                shown.remove_task(task)
            task = shown.add_task(stage, total=None)

        yield show


@contextlib.contextmanager
def rounds(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr for work in rounds: called with rounds done and planned."""
    with _progress(BarColumn(), TextColumn("{task.completed:.0f}/{task.total:.0f}")) as shown:
        task = shown.add_task(title, total=1)
        yield lambda done, planned: shown.update(task, completed=done, total=planned)


def _progress(*columns: BarColumn | TextColumn) -> Progress:
    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    described = TextColumn("{task.description}", markup=False)
    return Progress(
        SpinnerColumn(),
        described,
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
