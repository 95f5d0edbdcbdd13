"""What other programs may ask of a pruning: the keys of a recipe, as parameters of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onnxprune.recipe.keys import OPTIMIZE
from onnxprune.recipe.recipe import Recipe
from onnxprune.settings import Key

FILE = "recipe"
"""The parameter that names a recipe's file; the others then win over what stands there."""

PARAMETERS: dict[str, Key] = {name: key for name, key in OPTIMIZE.items() if name not in ("output", "file")}
"""All but where to write, which the other program says."""

_TYPES: dict[str, Any] = {
    "string": str,
    "number": float,
    "integer": int,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def kind(name: str) -> Any:
    """The type of a parameter's values; Any where it may have values of several."""
    schema = PARAMETERS[name].kind.schema
    return str if "enum" in schema else _TYPES.get(schema.get("type", ""), Any)


def recipe(values: Mapping[str, Any]) -> Recipe:
    """The recipe that parameters mean; None says nothing. Raises InputError for what isn't known or doesn't fit."""
    said = {name: value for name, value in values.items() if value is not None}
    file = said.pop(FILE, None)
    return Recipe.of(**said) if file is None else Recipe.load(file, **said)
