"""The JSON schema of recipes, made of the table of keys."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from onnxprune.recipe.keys import MEANINGS, OPTIMIZE, SHARED, STAGES
from onnxprune.settings import described

NAME = "recipe.schema.json"


def made() -> dict[str, Any]:
    """JSON Schema (draft 2020-12), of the keys that the reader knows."""
    whole = described(OPTIMIZE)
    whole["properties"]["stage"] = {
        "description": "What is done one after the other; each stage works on what the one before left.",
        "type": "array",
        "minItems": 1,
        "items": {"oneOf": [_stage(kind) for kind in STAGES]},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "recipe.toml: what `onnxprune optimize MODEL --recipe recipe.toml` does",
        **whole,
        "dependentSchemas": {"stage": {"propertyNames": {"enum": sorted({*SHARED, "stage"})}}},
    }


def schema() -> dict[str, Any]:
    """The same, as installed with the package: onnxprune/recipe/recipe.schema.json."""
    loaded: dict[str, Any] = json.loads(files("onnxprune.recipe").joinpath(NAME).read_text(encoding="utf-8"))
    return loaded


def text() -> str:
    """What recipe.schema.json should hold."""
    return json.dumps(made(), indent=1) + "\n"


def _stage(kind: str) -> dict[str, Any]:
    table = described(STAGES[kind])
    named = {"kind": {"description": MEANINGS[kind], "const": kind}}
    return {"description": MEANINGS[kind], **table, "properties": named | table["properties"], "required": ["kind"]}
