"""`onnxprune compare`: a dense and a pruned model side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onnxprune.cli.contract import say
from onnxprune.cli.options import (
    Data,
    Dim,
    Json,
    Preprocess,
    Provider,
    Rounds,
    Samples,
    Seconds,
    Seed,
    Threads,
    dims,
    known_provider,
)


def compare(
    dense: Annotated[Path, typer.Argument(metavar="DENSE", help="The original model.", show_default=False)],
    pruned: Annotated[Path, typer.Argument(metavar="PRUNED", help="What became of it.", show_default=False)],
    provider: Provider = "cpu",
    threads: Threads = 1,
    rounds: Rounds = 30,
    max_seconds: Seconds = 60.0,
    seed: Seed = 0,
    dim: Dim = None,
    data: Data = None,
    samples: Samples = 512,
    preprocess: Preprocess = None,
    json: Json = False,
) -> None:
    """Compare fidelity, size, memory and time of two models."""
    from onnxprune.cli.screen import stages
    from onnxprune.report import compare as run
    from onnxprune.report import to_json

    with stages() as progress:
        found = run(
            dense,
            pruned,
            dims=dims(dim),
            provider=known_provider(provider),
            threads=threads,
            rounds=rounds,
            max_seconds=max_seconds,
            seed=seed,
            data=data,
            samples=samples,
            preprocess=preprocess,
            progress=progress,
        )
    for warning in found.data.warnings if found.data else ():
        say(f"warning: {warning}")
    if json:
        print(to_json(found), end="")
        return
    from onnxprune.cli.show_compare import show

    show(found)
