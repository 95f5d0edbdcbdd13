"""What benchmarks found, kept between runs: a JSON file per section, in benchmarks/ of the cache folder, or beside the
source where making the rows again takes days."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from models.packages import digest
from onnxprune.cache import cache_folder

ROOT = Path(__file__).parent.parent
MEASURED = ROOT / "tools" / "measured"
"""Where rows are kept with the source: they outlive a machine."""

Row = dict[str, Any]
"""One measured thing, as JSON. A failure is a row too: {"failed": reason}."""


class Results:
    """The rows of one section by name, each with the key of what it was made from."""

    def __init__(self, section: str, folder: Path | None = None) -> None:
        self.file = (folder or cache_folder() / "benchmarks") / f"{section}.json"
        self._rows = self._read()

    def rows(self) -> dict[str, Row]:
        """Every row there is, by name in order."""
        return {name: self._rows[name][1] for name in sorted(self._rows)}

    def key(self, name: str) -> str:
        """What the row was made from; empty where there is none."""
        return self._rows[name][0] if name in self._rows else ""

    def old(self) -> list[str]:
        """Names of the rows that were made from another state of the source."""
        now = program()
        return [name for name in self.rows() if now not in self.key(name).split()]

    def obtain(
        self, name: str, key: str, make: Callable[[], Row], *, fresh: bool = False, missing: bool = False
    ) -> tuple[Row, bool]:
        """The row of that name and key, and whether it had to be made. A failed one is made again.

        fresh: make it in any case; missing: one of any other key will do
        """
        if name in self._rows and not fresh:
            held, row = self._rows[name]
            if (missing or held == key) and "failed" not in row:
                return row, False
        return self.keep(name, key, make()), True

    def keep(self, name: str, key: str, row: Row) -> Row:
        """Keep a row, also on the disk, and return it. Rows that other processes have kept meanwhile stay."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._rows = self._read() | {name: (key, row)}
            self._save()
        return row

    def _read(self) -> dict[str, tuple[str, Row]]:
        found = json.loads(self.file.read_text(encoding="utf-8")) if self.file.exists() else {}
        return {name: (e["key"], e["row"]) for name, e in found.items()}

    def _save(self) -> None:
        body = {name: {"key": key, "row": row} for name, (key, row) in sorted(self._rows.items())}
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")
        os.replace(fresh, self.file)


def aged(names: Iterable[str]) -> str:
    """The line under a page that names what was measured with another state of the source; empty where nothing was."""
    told = list(dict.fromkeys(names))
    return f"\nMeasured with an earlier state of the source: {', '.join(told)}.\n" if told else ""


def program() -> str:
    """A hash of the compiler's and the passes' source, so that results of other versions are told apart."""
    found = hashlib.sha256()
    for file in sorted([*(ROOT / "onnxprune").rglob("*.py"), *(ROOT / "passes").rglob("*.py")]):
        found.update(f"{file.relative_to(ROOT)}\n".encode() + file.read_bytes())
    return found.hexdigest()[:12]


def revision() -> str:
    """`git describe` of the checkout, or "unknown" outside of one."""
    try:
        command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--tags"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def key_of(model: Path, *more: str) -> str:
    """The key of what was made from a model file by the present source."""
    return " ".join([digest(model)[:12], program(), *more])
