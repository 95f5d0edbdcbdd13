"""What people see: tables on stdout, progress on stderr. Names are data here, never markup."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

UNLIMITED = 10_000
"""Width where nobody looks: a file or a pipe gets whole names in one line."""


def screen() -> Console:
    """The console of stdout: as wide as the terminal, unlimited and without colours elsewhere."""
    width = None if sys.stdout.isatty() else UNLIMITED
    return Console(file=sys.stdout, width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str, title: str = "") -> Table:
    """A table with a line under its head. align: one letter per column, "l" left, "r" right, "n" a name.

    Names give way first where the terminal is narrow, in the middle; other columns stay whole.
    """
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, title=title or None, title_justify="left")
    for name, side in zip(head, align, strict=True):
        made.add_column(
            name,
            justify="right" if side == "r" else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=None if side == "n" else 0,
        )
    for row in rows:
        made.add_row(*row)
    return made


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
