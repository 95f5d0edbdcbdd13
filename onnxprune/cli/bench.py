"""`onnxprune bench`: latency of models, measured in turns in one process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onnxprune.cli.options import Dim, Json, Provider, Rounds, Seconds, Seed, Threads, dims, known_provider


def bench(
    models: Annotated[
        list[Path],
        typer.Argument(
            metavar="MODEL...", help="ONNX files, or directories; the first is the base.", show_default=False
        ),
    ],
    provider: Provider = "cpu",
    threads: Threads = 1,
    rounds: Rounds = 30,
    max_seconds: Seconds = 60.0,
    seed: Seed = 0,
    dim: Dim = None,
    json: Json = False,
) -> None:
    """Time models in turns, in one process, on the same inputs; those in directories file by file."""
    from onnxprune.cli import screen
    from onnxprune.cli.directory import tell
    from onnxprune.cli.show_bench import show
    from onnxprune.directory import pairs
    from onnxprune.report import bench as run

    found = {}
    with screen.rounds("measuring") as progress:
        for name, same in pairs(models).items():
            found[name] = run(
                same,
                dims=dims(dim),
                provider=known_provider(provider),
                threads=threads,
                rounds=rounds,
                max_seconds=max_seconds,
                seed=seed,
                progress=progress,
            )
    tell(found, show, json)
