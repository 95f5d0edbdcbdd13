"""How a recipe is run once more."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from onnxprune.recipe.recipe import Recipe


def command(recipe: Recipe, source: Path, output: Path) -> str:
    """What does the same again: a command line, or Python where the recipe comes from there."""
    if recipe.file is None:
        return f"onnxprune.run(recipe, {str(source)!r}, {str(output)!r})"
    words = ["onnxprune", "optimize", str(source), "-o", str(output), "--recipe", str(recipe.file)]
    over = {name: value for name, value in (recipe.over or {}).items() if name != "output"}
    return shlex.join([*words, *(word for name, value in over.items() for word in _flag(name, value))])


def _flag(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [] if value else [f"--no-{name}"]
    if isinstance(value, dict):
        return [word for key, length in value.items() for word in ("--dim", f"{key}={length}")]
    flag = f"--{name.replace('_', '-')}"
    return [word for one in (value if isinstance(value, list) else [value]) for word in (flag, str(one))]
