"""`onnxprune explain`: what a weight is coupled to, and through which nodes."""

from __future__ import annotations

from typing import Annotated

import typer

from onnxprune.cli.options import Json, Model, Quiet


def explain(
    model: Model,
    site: Annotated[
        str,
        typer.Argument(
            metavar="SITE", help="TENSOR, TENSOR[AXIS], TENSOR[AXIS][FIRST:END], a node or a group.", show_default=False
        ),
    ],
    other: Annotated[
        str | None,
        typer.Argument(metavar="[SITE]", help="Another one: are the two coupled?", show_default=False),
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Show what a weight is coupled to, and how."""
    from onnxprune.cli.screen import stages
    from onnxprune.cli.show_explain import show
    from onnxprune.directory import the_model
    from onnxprune.report import explain, to_json

    with stages(quiet) as progress:
        progress("analysing")
        found = explain(the_model(model), site, other)
    if json:
        print(to_json(found), end="")
    else:
        show(found)
