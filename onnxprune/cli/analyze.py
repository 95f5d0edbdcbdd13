"""`onnxprune analyze`: what of a model can go, what can't, and why not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onnxprune.cli.options import Dim, Json, Model, Quiet, dims
from onnxprune.errors import InputError

if TYPE_CHECKING:
    from onnxprune.report import Opened


def analyze(
    model: Model,
    locked: Annotated[bool, typer.Option("--locked", help="Show what can't go, and why not.")] = False,
    graph: Annotated[
        Path | None, typer.Option(metavar="FILE.graphml", help="Write the coupling graph, for graph viewers.")
    ] = None,
    sparsity: Annotated[
        bool, typer.Option("--sparsity", help="Show the zeros of every weight instead, and which patterns they follow.")
    ] = False,
    dim: Dim = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Show what of a model can go, what can't, and why not. Of a directory, model by model."""
    from onnxprune.cli.directory import tell
    from onnxprune.cli.screen import stages
    from onnxprune.cli.show_analyze import show, show_zeros
    from onnxprune.directory import pairs, the_model
    from onnxprune.report import opened, survey
    from onnxprune.report import zeros as counted

    with stages(quiet) as progress:
        progress("analysing")
        several = pairs([the_model(model)] if graph is not None else [model])
        found = {name: opened(path, dims(dim)) for name, (path,) in several.items()}
        zeros = {name: counted(one) for name, one in found.items()} if sparsity else {}
        summaries = {} if sparsity else {name: survey(one) for name, one in found.items()}
    if graph is not None:
        _write_graph(found[""], graph)
    tell(zeros, show_zeros, json)
    tell(summaries, lambda one: show(one, locked), json)
    if graph is not None and not json:
        print(f"\n{graph}")


def _write_graph(model: Opened, path: Path) -> None:
    from onnxprune.coupling.graphml import write_graphml

    try:
        write_graphml(model.analysis, path)
    except OSError as error:
        raise InputError(f"{path}: can't be written ({error.strerror or error})") from None
