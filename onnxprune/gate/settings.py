"""gate.toml and `--limit KEY=VALUE`: where limits are written down."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from onnxprune.errors import InputError
from onnxprune.gate.limits import Limits, Tables, checked, limits, merged
from onnxprune.settings import parsed as read

NAME = "gate.toml"


def settings(
    file: Path | None = None,
    options: Sequence[str] = (),
    *,
    data: str | None = None,
    more: Mapping[str, object] | None = None,
) -> Limits:
    """Limits of a file, options over them. file: None: gate.toml of the current folder, if it's there.

    options: texts like `size=1.05`; data: what fidelity is measured on; more: tables as a file has them
    Raises InputError for a file that can't be read, unknown keys and values that don't fit.
    """
    found = file or (Path(NAME) if Path(NAME).is_file() else None)
    layers = [_at_home(parsed(found), found)] if found else []
    layers += map(option, options)
    layers += [checked({"fidelity": {"data": data}}, "--data")] if data is not None else []
    layers += [checked(more, "limits")] if more else []
    return limits(merged(*layers), found if found and len(layers) == 1 else "limits")


def parsed(file: Path) -> Tables:
    """The tables of a file. Raises InputError for what isn't one."""
    return checked(read(file), file)


def option(text: str) -> Tables:
    """`size=1.05` or `latency.seconds=30`. Raises InputError for anything else."""
    path, equals, value = text.partition("=")
    name, dot, key = path.strip().partition(".")
    if not equals or not name or (dot and not key):
        raise InputError(f"--limit {text}: should read KEY=VALUE, such as size=1.05 or latency.seconds=30")
    content = _value(value.strip())
    return checked({name: {key: content} if dot else content}, f"--limit {text}")


def _value(text: str) -> Any:
    """A value as TOML writes it; what isn't one is a text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, KeyError):
        return text


def _at_home(tables: Tables, file: Path) -> Tables:
    """Files that gate.toml names are looked for beside it."""
    fidelity = dict(tables.get("fidelity", {}))
    for key in ("data", "preprocess"):
        if key in fidelity and (file.parent / fidelity[key]).exists():
            fidelity[key] = str(file.parent / fidelity[key])
    return {**tables, "fidelity": fidelity} if fidelity else tables
