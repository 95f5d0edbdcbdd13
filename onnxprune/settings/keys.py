"""Keys of a table in TOML: what each may hold, and the sentences for what doesn't fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnxprune.errors import InputError
from onnxprune.settings.kinds import Kind
from onnxprune.words import did_you_mean


@dataclass(frozen=True)
class Key:
    """A key of a table. example: what a template shows, as TOML; standard: what holds where the key isn't given."""

    kind: Kind
    meaning: str
    example: str
    standard: object = None


Keys = Mapping[str, Key]


def fitting(body: Mapping[str, Any], keys: Keys, where: str | Path, place: str = "") -> dict[str, Any]:
    """The values of a table, all of them known and of their kind.

    place: what stands before a key in messages, such as `latency.`. Raises InputError naming the first that isn't.
    """
    for name, value in body.items():
        if name not in keys:
            hint = did_you_mean(name, keys) or f"; there are {', '.join(keys)}"
            raise InputError(f"{where}: there is no key '{place}{name}'{hint}")
        if not keys[name].kind.fits(value):
            raise InputError(f"{where}: {place}{name} should be {keys[name].kind.should}, but is {value!r}")
    return dict(body)


def described(keys: Keys) -> dict[str, Any]:
    """A table of these keys as JSON schema."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {key: {"description": entry.meaning} | dict(entry.kind.schema) for key, entry in keys.items()},
    }
