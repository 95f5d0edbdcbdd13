"""The gate.toml that `gate init` writes: every key, its meaning, and an example behind a comment sign."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.gate.keys import STANDARD, TABLES, Table
from onnxprune.graph.save import write_atomic

HEAD = """\
# Limits that `onnxprune gate check` holds a model to. What isn't given isn't checked.
# size = 1.05 is short for size = { ratio = 1.05 }, size = "2 MiB" for size = { max = "2 MiB" }.
"""


def template() -> str:
    """The text: what is standard is on, all else is a comment."""
    return "\n".join([HEAD, *("\n".join([*_table(name, table), ""]) for name, table in TABLES.items())])


def write(path: Path) -> None:
    """Write it. Raises InputError where there is a file already, or none can be."""
    if path.exists():
        raise InputError(f"{path}: is there already")
    try:
        write_atomic(path, [template().encode()])
    except OSError as error:
        raise InputError(f"{path}: can't be written ({error.strerror or error})") from None


def _table(name: str, table: Table) -> Iterator[str]:
    yield f"[{name}]  # {table.meaning}"
    given = STANDARD.get(name, {})
    values = given if isinstance(given, dict) else {table.short[0]: given}
    for key, entry in table.keys.items():
        setting = f"{key} = {_toml(values[key])}" if key in values else f"# {key} = {entry.example}"
        yield f"{setting}  # {entry.meaning}"


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
