"""`onnxprune gate`: a model may not get worse than a recorded baseline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from onnxprune.cli import completion
from onnxprune.cli.contract import NOT_MET, say
from onnxprune.cli.options import (
    Dim,
    Json,
    Model,
    Preprocess,
    Provider,
    Quiet,
    Samples,
    Seed,
    SomeData,
    Threads,
    dims,
    known_provider,
)

if TYPE_CHECKING:
    from onnxprune.gate import Checked

app = typer.Typer(
    name="gate",
    help="Hold a model to a recorded baseline. Size, costs, memory, latency and fidelity are compared.",
    rich_markup_mode=None,
)

Baseline = Annotated[Path, typer.Option("--baseline", metavar="FILE", help="What `gate record` wrote.")]


@app.command()
def init(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The file to write.")] = Path(
        "gate.toml"
    ),
) -> None:
    """Write a gate.toml with every key and what it means."""
    from onnxprune.gate.template import write

    write(output)
    print(f"written  {output}")


@app.command()
def record(
    model: Model,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The baseline to write.")] = Path(
        "baseline.json"
    ),
    provider: Provider = "cpu",
    threads: Threads = 1,
    seed: Seed = 0,
    dim: Dim = None,
    data: SomeData = None,
    samples: Samples = 512,
    preprocess: Preprocess = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Record what a model is, for later checks."""
    from onnxprune.cli.screen import stages
    from onnxprune.directory import the_model
    from onnxprune.gate import record as run

    model = the_model(model)
    with stages(quiet) as progress:
        progress("looking at the model")
        found = run(
            model,
            output,
            dims=dims(dim),
            threads=threads,
            provider=known_provider(provider),
            seed=seed,
            data=data,
            samples=samples,
            preprocess=preprocess,
        )
    for warning in found.data.warnings if found.data else ():
        say(f"warning: {warning}")
    if json:
        print(found.to_json(), end="")
        return
    from onnxprune.cli.show_gate import show_baseline

    show_baseline(found, output)


@app.command()
def check(
    model: Model,
    baseline: Baseline = Path("baseline.json"),
    dense: Annotated[
        Path | None,
        typer.Option("--dense", metavar="FILE", help="The baseline's model, where it isn't where it was recorded."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Limits; by default gate.toml in this folder, if there is one."),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="A key of gate.toml, such as size=1.05, macs='80 M'; repeatable.",
            autocompletion=completion.limits,
        ),
    ] = None,
    data: Annotated[
        str | None, typer.Option(metavar="DATA", help="Real inputs for fidelity: the same as fidelity.data.")
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.")] = None,
    sarif: Annotated[Path | None, typer.Option(metavar="FILE", help="Write SARIF 2.1.0.")] = None,
    gitlab: Annotated[Path | None, typer.Option(metavar="FILE", help="Write GitLab's code-quality JSON.")] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a table for a comment.")] = None,
    github: Annotated[
        bool, typer.Option("--github", help="Print annotations, and add to the summary of the GitHub step.")
    ] = False,
) -> None:
    """Check a model against a baseline. Exit code 1 where a limit is not met."""
    from onnxprune.cli.screen import stages
    from onnxprune.directory import the_model
    from onnxprune.gate import check as run
    from onnxprune.gate import settings, views

    model = the_model(model)
    asked = settings(config, limit or (), data=data)
    files = {"junit": junit, "sarif": sarif, "gitlab": gitlab, "markdown": markdown}
    views.claim(files)
    with stages(quiet) as progress:
        found = run(model, baseline, asked, dense=dense, progress=progress)
    for warning in found.warnings:
        say(f"warning: {warning}")
    if json:
        print(found.to_json(), end="")
    else:
        from onnxprune.cli.show_gate import show

        show(found)
    views.write(found, files)
    if github:
        _to_github(found, sys.stderr if json else sys.stdout)
    if not found.met:
        say(f"gate {found.verdict}")
        raise typer.Exit(NOT_MET)


def _to_github(found: Checked, stream: TextIO) -> None:
    """Annotations are read from either stream; JSON on stdout stays JSON."""
    from onnxprune.gate import views

    for line in views.commands(found):
        print(line, file=stream)
    views.summarise(found)
