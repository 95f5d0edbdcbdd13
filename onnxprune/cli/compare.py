"""`onnxprune compare`: a dense and a pruned model side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onnxprune.cli.contract import say
from onnxprune.cli.options import (
    Dim,
    Json,
    Preprocess,
    Provider,
    Quiet,
    Rounds,
    Samples,
    Seconds,
    Seed,
    SomeData,
    Threads,
    dims,
    known_provider,
)


def compare(
    dense: Annotated[
        Path, typer.Argument(metavar="DENSE", help="The original model, or a directory.", show_default=False)
    ],
    pruned: Annotated[Path, typer.Argument(metavar="PRUNED", help="What became of it.", show_default=False)],
    provider: Provider = "cpu",
    threads: Threads = 1,
    rounds: Rounds = 30,
    max_seconds: Seconds = 60.0,
    seed: Seed = 0,
    dim: Dim = None,
    data: SomeData = None,
    samples: Samples = 512,
    preprocess: Preprocess = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Compare fidelity, size, memory and time of two models. Those in two directories file by file."""
    from onnxprune.cli.directory import tell
    from onnxprune.cli.screen import stages
    from onnxprune.cli.show_compare import show
    from onnxprune.directory import data_of, pairs
    from onnxprune.report import compare as run

    several = pairs([dense, pruned])
    given, warnings = data_of(data, list(several))
    found = {}
    with stages(quiet) as progress:
        for name, (before, after) in several.items():
            found[name] = run(
                before,
                after,
                dims=dims(dim),
                provider=known_provider(provider),
                threads=threads,
                rounds=rounds,
                max_seconds=max_seconds,
                seed=seed,
                data=given[name],
                samples=samples,
                preprocess=preprocess,
                progress=progress,
            )
    for warning in [*warnings, *(text for one in found.values() if one.data for text in one.data.warnings)]:
        say(f"warning: {warning}")
    tell(found, show, json)
