"""Exports one entry in a process of its own, forked from one that has the frameworks in memory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from tools.forked import Died, Limits, in_fork
from tools.zoo.entry import Entry
from tools.zoo.lists import named

LIMITS = Limits(cpu=300, wall=1800.0)


def export(entry: Entry, file: Path) -> None:
    """Write the entry's file, whole or not at all. Raises what `make` raises."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".export-") as folder:
        fresh = Path(folder) / file.name
        entry.make(fresh)
        for made in sorted(Path(folder).iterdir(), key=lambda path: path == fresh):  # data files first
            os.replace(made, file.parent / made.name)


def exported(entry: Entry, file: Path, limits: Limits = LIMITS) -> str:
    """The same in a process of its own. Empty where it worked, else the reason."""
    try:
        in_fork("tools.zoo.warm", limits, _exported, entry.name, file)
    except Died as error:
        return str(error)
    return ""


def _exported(name: str, file: Path) -> None:
    export(named(name), file)
