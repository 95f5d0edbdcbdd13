"""Exports one entry in a process of its own, forked from one that has the frameworks in memory. Importing them takes
longer than most exports."""

from __future__ import annotations

import os
import resource
import tempfile
from collections.abc import Mapping
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from onnxprune.words import cause
from tools.zoo.entry import Entry
from tools.zoo.lists import named

CPU_SECONDS = 300
WALL_SECONDS = 1800.0
"""Whatever takes longer hangs. Processor time is what counts: a busy machine is no reason to give up."""


def export(entry: Entry, file: Path) -> None:
    """Write the entry's file, whole or not at all. Raises what `make` raises."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".export-") as folder:
        fresh = Path(folder) / file.name
        entry.make(fresh)
        for made in sorted(Path(folder).iterdir(), key=lambda path: path == fresh):  # data files first
            os.replace(made, file.parent / made.name)


def exported(entry: Entry, file: Path, limits: Mapping[str, float] | None = None) -> str:
    """The same in a process of its own. Empty where it worked, else the reason."""
    limits = limits or {"cpu": CPU_SECONDS, "wall": WALL_SECONDS}
    context = get_context("forkserver")
    context.set_forkserver_preload(["tools.zoo.warm"])
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(send, entry.name, file, int(limits["cpu"])))
    process.start()
    send.close()
    try:
        return str(receive.recv()) if receive.poll(limits["wall"]) else f"takes more than {limits['wall']:g} seconds"
    except EOFError:
        process.join()
        return f"the process ended with status {process.exitcode}"
    finally:
        process.kill()
        process.join()


def _child(send: Connection[Any, Any], name: str, file: Path, seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        export(named(name), file)
    except Exception as error:  # a framework raises anything
        send.send(cause(error))
    else:
        send.send("")
