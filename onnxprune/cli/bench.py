"""`onnxprune bench`: latency of models, measured in turns in one process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onnxprune.cli.options import Dim, Json, Provider, Rounds, Seconds, Seed, Threads, dims, known_provider


def bench(
    models: Annotated[
        list[Path],
        typer.Argument(metavar="MODEL...", help="ONNX files; the first is the base.", show_default=False),
    ],
    provider: Provider = "cpu",
    threads: Threads = 1,
    rounds: Rounds = 30,
    max_seconds: Seconds = 60.0,
    seed: Seed = 0,
    dim: Dim = None,
    json: Json = False,
) -> None:
    """Time models in turns, in one process, on the same inputs."""
    from onnxprune.cli import screen
    from onnxprune.report import bench as run
    from onnxprune.report import to_json

    with screen.rounds("measuring") as progress:
        found = run(
            models,
            dims=dims(dim),
            provider=known_provider(provider),
            threads=threads,
            rounds=rounds,
            max_seconds=max_seconds,
            seed=seed,
            progress=progress,
        )
    if json:
        print(to_json(found), end="")
        return
    from onnxprune.cli.show_bench import show

    show(found)
