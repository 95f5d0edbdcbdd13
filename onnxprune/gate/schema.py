"""The JSON schema of gate.toml, made of the table of keys."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from onnxprune.gate.keys import TABLES, Table
from onnxprune.settings import described, either


def made() -> dict[str, Any]:
    """JSON Schema (draft 2020-12), of the keys that the reader knows."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gate.toml: limits that `onnxprune gate check` holds a model to",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _table(table) for name, table in TABLES.items()},
    }


def schema() -> dict[str, Any]:
    """The same, as installed with the package: onnxprune/gate/gate.schema.json."""
    text = files("onnxprune.gate").joinpath("gate.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def text() -> str:
    """What gate.schema.json should hold."""
    return json.dumps(made(), indent=1) + "\n"


def _table(table: Table) -> dict[str, Any]:
    whole = described(table.keys)
    if not table.short:
        return {"description": table.meaning} | whole
    short = either([table.keys[key].kind for key in table.short]).schema["anyOf"]
    return {"description": table.meaning, "anyOf": [*short, whole]}
