"""The gate.toml that `gate init` writes: every key, its meaning, and an example behind a comment sign."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from onnxprune.gate.keys import STANDARD, TABLES, Table
from onnxprune.settings.writing import lines, new_files

HEAD = """\
# Limits that `onnxprune gate check` holds a model to. What isn't given isn't checked.
# size = 1.05 is short for size = { ratio = 1.05 }, size = "2 MiB" for size = { max = "2 MiB" }.
"""


def template() -> str:
    """The text: what is standard is on, all else is a comment."""
    return "\n".join([HEAD, *("\n".join([*_table(name, table), ""]) for name, table in TABLES.items())])


def write(path: Path) -> None:
    """Write it. Raises InputError where there is a file already, or none can be."""
    new_files({path: template()})


def _table(name: str, table: Table) -> Iterator[str]:
    yield f"[{name}]  # {table.meaning}"
    given = STANDARD.get(name, {})
    values = given if isinstance(given, dict) else {table.short[0]: given}
    yield from lines(table.keys, values)
