"""`onnxprune init`: a recipe to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")] = Path(
        "recipe.toml"
    ),
    force: Annotated[bool, typer.Option("--force", help="Write over what is there.")] = False,
    no_schema: Annotated[
        bool, typer.Option("--no-schema", help="Don't write the JSON schema beside it, by which editors help.")
    ] = False,
) -> None:
    """Write a recipe with every option of `optimize`. Each has its default and what it means."""
    from onnxprune.recipe.template import write

    for number, path in enumerate(write(output, force, not no_schema)):
        print(f"{'' if number else 'written':<9}{path}")
