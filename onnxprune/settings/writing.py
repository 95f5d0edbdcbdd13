"""Templates of settings: every key with its meaning, written to a file that isn't there yet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.graph.save import write_atomic
from onnxprune.settings.keys import Keys


def lines(keys: Keys, given: Mapping[str, object], off: str = "# ") -> Iterator[str]:
    """A line for every key: those given with their values, others behind `off` with an example."""
    for key, entry in keys.items():
        setting = f"{key} = {_toml(given[key])}" if key in given else f"{off}{key} = {entry.example}"
        yield f"{setting}  # {entry.meaning}"


def new_files(texts: Mapping[Path, str], force: bool = False) -> list[Path]:
    """Write files, or none where one of them is there already, unless that is forced.

    Raises InputError for that, and where one can't be written.
    """
    for path in texts:
        if path.exists() and not force:
            raise InputError(f"{path}: is there already")
    return [_write(path, text) for path, text in texts.items()]


def _write(path: Path, text: str) -> Path:
    try:
        return write_atomic(path, [text.encode()])
    except OSError as error:
        raise InputError(f"{path}: can't be written ({error.strerror or error})") from None


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | list) else str(value)
