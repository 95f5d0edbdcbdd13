"""`onnxprune bench`: latency of models, measured in turns in one process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from onnxprune.cli.options import Dim, Json, Provider, Quiet, Rounds, Seconds, Seed, Threads, dims, known_provider


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
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Time models in turns, in one process, on the same inputs. Those in directories file by file."""
    from onnxprune.cli.directory import tell
    from onnxprune.cli.screen import stages
    from onnxprune.cli.show_bench import show
    from onnxprune.directory import pairs
    from onnxprune.progress import Stage
    from onnxprune.report import bench as run

    found = {}
    with stages(quiet) as progress:
        progress("opening the models")
        for name, same in pairs(models).items():
            found[name] = run(
                same,
                dims=dims(dim),
                provider=known_provider(provider),
                threads=threads,
                rounds=rounds,
                max_seconds=max_seconds,
                seed=seed,
                progress=lambda done, total: progress(Stage("measuring", done, total)),
            )
    tell(found, show, json)
