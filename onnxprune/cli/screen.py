"""What people see: tables on stdout, progress on stderr. Names are data here, never markup."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta

from rich import box
from rich.console import Console, JustifyMethod, RenderableType
from rich.progress import BarColumn, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Progression
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from onnxprune.progress import Progress, Stage

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
def stages(quiet: bool = False) -> Iterator[Progress]:
    """A line on stderr that says what goes on, for how long, and, where a `Stage` tells, how far it is and what time is
    left. Nothing where nobody looks: stderr is no terminal, or it is to be quiet."""
    with _lines(quiet) as shown:
        task: TaskID | None = None
        last = Stage("")

        def show(text: str) -> None:
            nonlocal task, last
            stage = text if isinstance(text, Stage) else Stage(text)
            if task is not None and stage.total and stage.total == last.total and stage.done >= last.done:
                begun = shown.tasks[0].elapsed or 0.0
                shown.update(task, description=stage, completed=stage.done, at=begun)
            else:
                if task is not None:
                    shown.remove_task(task)
                task = shown.add_task(stage, total=stage.total or None, first=stage.done, at=0.0)
                shown.update(task, completed=stage.done)
            last = stage

        yield show


class _Bar(BarColumn):
    """A bar where it is known how much there is to do."""

    def render(self, task: Task) -> ProgressBar:
        return super().render(task) if task.total else ProgressBar(total=1, width=0)


class Left(ProgressColumn):
    """The time left, by the pace since this work began."""

    def render(self, task: Task) -> Text:
        done = task.completed - task.fields["first"]
        if not task.total or done <= 0 or task.elapsed is None:
            return Text("")
        at = task.fields["at"]
        seconds = at * (task.total - task.completed) / done - (task.elapsed - at)
        return Text(f"{timedelta(seconds=max(round(seconds), 0))} left", style="progress.remaining")


def _lines(quiet: bool) -> Progression:
    console = Console(stderr=True, markup=False, highlight=False, emoji=False)
    seen = sys.stderr.isatty() and not console.is_dumb_terminal  # colours that are forced upon a file are no terminal
    return Progression(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis")),
        _Bar(bar_width=20),
        TimeElapsedColumn(),
        Left(),
        console=console,
        transient=True,
        disable=quiet or not seen,
    )
