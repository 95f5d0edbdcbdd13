"""Kinds of values in files of settings: each is a piece of JSON schema, by which values are judged here too."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

MOST = 1e15


@dataclass(frozen=True)
class Kind:
    """should: ends the sentence "the value should be ..."."""

    schema: Schema
    should: str

    def fits(self, value: object) -> bool:
        """Whether the schema takes a value that TOML can hold."""
        return _fits(value, self.schema)


def _fits(value: object, schema: Schema) -> bool:
    if "anyOf" in schema:
        return any(_fits(value, one) for one in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"] and not isinstance(value, bool)
    return bool(_JUDGES[schema["type"]](value, schema))


def _number(value: object, schema: Schema) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    above = value > schema["exclusiveMinimum"] if "exclusiveMinimum" in schema else value >= schema["minimum"]
    below = value < schema["exclusiveMaximum"] if "exclusiveMaximum" in schema else value <= schema["maximum"]
    return bool(above and below)


def _whole(value: object, schema: Schema) -> bool:
    return isinstance(value, int) and _number(value, schema)


def _text(value: object, schema: Schema) -> bool:
    return isinstance(value, str) and re.search(schema["pattern"], value) is not None


def _list(value: object, schema: Schema) -> bool:
    return isinstance(value, list) and all(_fits(item, schema["items"]) for item in value)


def _table(value: object, schema: Schema) -> bool:
    return isinstance(value, dict) and all(_fits(item, schema["additionalProperties"]) for item in value.values())


_JUDGES: dict[str, Any] = {
    "number": _number,
    "integer": _whole,
    "string": _text,
    "array": _list,
    "object": _table,
    "boolean": lambda value, _: isinstance(value, bool),
}

BYTES = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
COUNTS = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
TIMES = {"us": 1e-6, "ms": 1e-3, "s": 1.0}

_DIGITS = r"[0-9]{1,12}(\.[0-9]{1,9})?"


def _amount(units: Mapping[str, float], example: str) -> Kind:
    pattern = rf"^{_DIGITS} ?({'|'.join(units)})$"
    return Kind({"type": "string", "pattern": pattern}, f'an amount such as "{example}" (units: {", ".join(units)})')


def amount(text: str, units: Mapping[str, float]) -> float:
    """What a text of this kind comes to."""
    found = re.match(rf"({_DIGITS}) ?(.*)", text)
    assert found
    return float(found[1]) * units[found[3]]


RATIO = Kind({"type": "number", "exclusiveMinimum": 0, "maximum": 1e6}, "a number above 0, 1.0 being the baseline's")
BELOW_ONE = Kind({"type": "number", "minimum": 0, "exclusiveMaximum": 1}, "a number from 0, below 1")
SHARE = Kind({"type": "number", "minimum": 0, "maximum": 1}, "a number from 0 to 1")
ERROR = Kind({"type": "number", "minimum": 0, "maximum": MOST}, "a number from 0")
COSINE = Kind({"type": "number", "minimum": -1, "maximum": 1}, "a number from -1 to 1")
RISK = Kind({"type": "number", "exclusiveMinimum": 0, "maximum": 0.5}, "a probability above 0, at most 0.5")
SECONDS = Kind({"type": "number", "exclusiveMinimum": 0, "maximum": 86400}, "a number of seconds above 0")
WHOLE = Kind({"type": "integer", "minimum": 1, "maximum": 2**31 - 1}, "a whole number from 1")
SEED = Kind({"type": "integer", "minimum": 0, "maximum": 2**31 - 1}, "a whole number from 0")
SWITCH = Kind({"type": "boolean"}, "true or false")
TEXT = Kind({"type": "string", "pattern": "."}, "a text that isn't empty")
TEXTS = Kind({"type": "array", "items": TEXT.schema}, "a list of texts")
LENGTHS = Kind({"type": "object", "additionalProperties": WHOLE.schema}, "a table of names with whole numbers from 1")
SIZE, COUNT, TIME = _amount(BYTES, "2 MiB"), _amount(COUNTS, "1.5 M"), _amount(TIMES, "20 ms")


def choice(*known: str) -> Kind:
    """One of some words."""
    return Kind({"enum": list(known)}, f"one of {', '.join(known)}")


def either(kinds: Sequence[Kind]) -> Kind:
    """A value of any of these kinds."""
    return Kind({"anyOf": [dict(kind.schema) for kind in kinds]}, ", or ".join(kind.should for kind in kinds))
