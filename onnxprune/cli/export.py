"""`onnxprune export`: an ONNX file from a model of a framework, checked against its source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from onnxprune.cli import completion
from onnxprune.cli.options import Json, Quiet, Seed
from onnxprune.errors import InputError

if TYPE_CHECKING:
    from onnxprune.export import ExportResult


Spec = Annotated[
    str,
    typer.Argument(
        metavar="SPEC",
        help="torch:PACKAGE.MODULE:FACTORY, torch:FILE.py:FACTORY, torchvision:NAME, timm:NAME, "
        "transformers:MODEL_TYPE or transformers:FOLDER.",
        show_default=False,
        autocompletion=completion.sources,
    ),
]
Output = Annotated[
    Path, typer.Option("--output", "-o", metavar="MODEL", help="The ONNX file to write.", show_default=False)
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="An option of the source, such as input=1x3x96x96; repeatable."),
]
Opset = Annotated[int | None, typer.Option(min=7, metavar="N", help="Opset of the file.")]
Exporter = Annotated[
    str, typer.Option(metavar="NAME", help="dynamo or torchscript.", autocompletion=completion.exporters)
]
Dynamic = Annotated[bool, typer.Option("--dynamic", help="Leave batch, sequence and image size open.")]
NoCheck = Annotated[bool, typer.Option("--no-check", help="Don't compare the file with its source in ONNX Runtime.")]


def export(
    spec: Spec,
    output: Output,
    settings: Settings = None,
    opset: Opset = None,
    exporter: Exporter = "dynamo",
    dynamic: Dynamic = False,
    seed: Seed = 0,
    no_check: NoCheck = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write a framework's model as ONNX, checked against it."""
    from onnxprune.cli.screen import stages
    from onnxprune.export import export as run

    with stages(quiet) as progress:
        made = run(
            spec,
            output,
            options=_options(settings),
            opset=opset,
            exporter=exporter,
            dynamic=dynamic,
            seed=seed,
            run=None if no_check else _run,
            progress=progress,
        )
    if json:
        from onnxprune.report import to_json

        print(to_json(made), end="")
        return
    _show(made)


def _options(texts: Sequence[str] | None) -> dict[str, str]:
    found = dict(text.partition("=")[::2] for text in texts or ())
    for text in texts or ():
        if "=" not in text:
            raise InputError(f"--set {text}: should read NAME=VALUE")
    return found


def _run(path: Path, feeds: Mapping[str, Any]) -> list[Any]:
    from onnxprune.runtime import run, session

    return list(run(session(path), feeds).values())


def _show(made: ExportResult) -> None:
    from onnxprune.cli.screen import facts, show_all
    from onnxprune.report.units import error, quantity

    checked = "not checked" if made.max_error is None else f"equals its source, relative error {error(made.max_error)}"
    rows = [
        ("source", f"{made.source}, {quantity(made.parameters)} parameters"),
        ("inputs", _ports(made.inputs)),
        ("outputs", _ports(made.outputs)),
        ("opset", f"{made.opset}, by {made.exporter}"),
        ("check", checked),
        ("written", str(made.path)),
    ]
    show_all(facts(rows))


def _ports(ports: Sequence[Any]) -> str:
    return ", ".join(f"{p.name} {p.dtype}[{', '.join(map(str, p.shape))}]" for p in ports)
