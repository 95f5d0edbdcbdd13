"""What was said on the command line, as a recipe says it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer

from onnxprune.cli.options import alignment, dims, known_provider

NAMES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "passes": ("pass", list),
    "files": ("file", list),
    "dim": ("dims", dims),
    "no_verify": ("verify", lambda no: not no),
    "no_bench": ("bench", lambda no: not no),
    "align": ("align", lambda text: alignment(text) or "auto"),
    "provider": ("provider", known_provider),
}
"""Parameter of a command -> key of a recipe, and how its value gets there, where these differ."""

NO_KEYS = frozenset(("model", "recipe", "json", "quiet"))
"""Parameters that no recipe has: what is worked on, and what is printed."""


def given(context: typer.Context) -> dict[str, Any]:
    """The values of options that were given, by their keys; defaults are none of them. Raises InputError."""
    found: dict[str, Any] = {}
    for name, value in context.params.items():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE" and name not in NO_KEYS:
            key, make = NAMES.get(name, (name, lambda same: same))
            found[key] = make(value)
    return found
