"""Runs the zoo: every entry exported, pruned and proved, with rows that outlive the run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tools.results import Results, Row, key_of
from tools.worker import answer
from tools.zoo.entry import Entry
from tools.zoo.export import exported
from tools.zoo.lists import file_of
from tools.zoo.outcome import HALF, line

SECTION = "coverage"
TIMEOUT = 1800.0
"""Wall seconds; a row has a limit of processor time of its own."""


@dataclass(frozen=True)
class Effort:
    """jobs: entries at a time; bench: whether to time; fresh: do again what is there; missing: only what never was."""

    jobs: int = 1
    bench: bool = True
    fresh: bool = False
    missing: bool = False


def survey(entries: Sequence[Entry], effort: Effort) -> list[Row]:
    """The row of every entry, in no order. Each is kept as soon as it is there."""
    results, rows = Results(SECTION), []
    console = Console(stderr=True)
    bar = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    with Progress(*bar, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("zoo", total=len(entries))
        for entry, key, row, made in _rows(entries, effort, results):
            rows.append(results.keep(entry.name, key, row) if made else row)
            progress.update(task, advance=1, description=entry.name)
            print(f"{entry.name}: {line(row)}{'' if made else ' (kept)'}", flush=True)
    return rows


def _rows(entries: Sequence[Entry], effort: Effort, results: Results) -> Iterator[tuple[Entry, str, Row, bool]]:
    rows = results.rows()
    pool = ThreadPoolExecutor(max_workers=effort.jobs)
    try:
        waiting = {pool.submit(_one, e, effort, results.key(e.name), rows.get(e.name)): e for e in entries}
        for done in as_completed(waiting):
            yield (waiting[done], *done.result())
    finally:
        pool.shutdown(cancel_futures=True)


def _one(entry: Entry, effort: Effort, held: str, kept: Row | None) -> tuple[str, Row, bool]:
    """Key, row, and whether the row had to be made."""
    file = file_of(entry)
    if not file.exists() and (reason := exported(entry, file)):
        return "", {"family": entry.family, "unmade": reason}, True
    key = key_of(file)
    if kept is not None and _fits(kept, held, key, effort):
        return held, kept, False
    arguments = [str(file), json.dumps(dict(entry.dims)), str(int(effort.bench))]
    row = answer("tools.zoo.row", arguments, TIMEOUT)
    # Someone may work on the compiler while this runs: the key is of what was there when the row was begun.
    return key, {"family": entry.family, "path": os.fspath(file.name)} | row, True


def _fits(kept: Row, held: str, key: str, effort: Effort) -> bool:
    """Whether a row need not be made again; one without times will do where none are wanted."""
    same = held == key or (effort.missing and bool(held) and "failed" not in kept)
    timed = "ratio" in kept or not effort.bench or "fraction" not in kept.get("targets", {}).get(HALF, {})
    return same and timed and not effort.fresh
