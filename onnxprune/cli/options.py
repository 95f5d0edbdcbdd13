"""Arguments and options that several commands share, and what their text means."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from onnxprune.cli import completion
from onnxprune.errors import InputError
from onnxprune.recipe.keys import meaning

Model = Annotated[
    Path, typer.Argument(metavar="MODEL", help="The ONNX file, or a directory with one.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
Threads = Annotated[int, typer.Option(min=1, metavar="N", help=meaning("threads"))]
Provider = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=meaning("provider"),
        autocompletion=completion.providers,
    ),
]
Seed = Annotated[int, typer.Option(min=0, metavar="N", help=meaning("seed"))]
Rounds = Annotated[int, typer.Option(min=1, metavar="N", help="Rounds of timing.")]
Seconds = Annotated[float, typer.Option(min=0, metavar="S", help="No round starts after so many seconds.")]
Dim = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=N", help="Length of an open dimension, by its name or INPUT:AXIS; repeatable."),
]
Data = Annotated[
    str | None,
    typer.Option(
        metavar="DATA",
        help=meaning("data"),
    ),
]
SomeData = Annotated[
    str | None,
    typer.Option(
        metavar="DATA",
        help="Real inputs: FILE.npz, .npy or .jsonl, a folder of arrays or pictures, MODULE:FUNCTION, or random.",
    ),
]
Labels = Annotated[
    str | None,
    typer.Option(metavar="KEY", help=meaning("labels")),
]
Samples = Annotated[int, typer.Option(min=1, metavar="N", help="Use at most so many samples of the data.")]
Preprocess = Annotated[
    Path | None,
    typer.Option(metavar="FILE.toml", help="What becomes of a picture; by default preprocess.toml in the folder."),
]
Recover = Annotated[
    str | None,
    typer.Option(
        metavar="TIME|STEPS",
        help=meaning("recover"),
    ),
]
RecoverMode = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=meaning("recover_mode"),
        autocompletion=completion.modes,
    ),
]
RecoverRounds = Annotated[
    int,
    typer.Option(metavar="N", help=meaning("recover_rounds")),
]


def dims(texts: Sequence[str] | None) -> dict[str, int]:
    """`batch=4` as {"batch": 4}. Raises InputError for anything else."""
    found: dict[str, int] = {}
    for text in texts or ():
        name, _, length = text.rpartition("=")
        if not name or not length.isascii() or not length.isdigit() or int(length) < 1:
            raise InputError(f"--dim {text}: should read NAME=N with a positive whole number N")
        found[name] = int(length)
    return found


def alignment(text: str) -> int:
    """`auto` as 0, else a positive whole number. Raises InputError for anything else."""
    if text == "auto":
        return 0
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise InputError(f"--align {text}: should be auto or a positive whole number")
    return int(text)


def known_provider(name: str) -> str:
    """The name, if ONNX Runtime has that provider here. Raises InputError otherwise, before any work."""
    from onnxprune.runtime import available_providers, plugin

    there = available_providers()
    if name == "sparse" and name not in there:
        raise InputError(f"--provider sparse: {plugin.why_not()}")
    if name not in there:
        hint = "; cuda comes with the package onnxruntime-gpu" if name == "cuda" else ""
        raise InputError(f"--provider {name}: the installed ONNX Runtime has only {', '.join(there)}{hint}")
    return name
