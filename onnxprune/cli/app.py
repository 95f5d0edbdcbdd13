"""The commands, put together. Heavy imports wait inside the commands, so that `--help` is quick."""

from __future__ import annotations

import contextlib
import signal
import sys
import warnings
from types import FrameType
from typing import Annotated

import typer

from onnxprune._version import __version__
from onnxprune.cli.analyze import analyze
from onnxprune.cli.bench import bench
from onnxprune.cli.compare import compare
from onnxprune.cli.contract import Contract
from onnxprune.cli.doctor import doctor
from onnxprune.cli.explain import explain
from onnxprune.cli.export import export
from onnxprune.cli.gate import app as gate
from onnxprune.cli.init import init
from onnxprune.cli.listing import listing
from onnxprune.cli.optimize import optimize
from onnxprune.cli.recover import recover

app = typer.Typer(
    name="onnxprune",
    cls=Contract,
    help="Make ONNX models smaller and faster by taking whole channels, neurons and attention heads out.",
    epilog="Exit codes: 0 done; 1 a target or limit was not met; 2 bad usage or input; 3 a defect in onnxprune.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

for _command in (optimize, init, recover, analyze, explain, bench, compare, export):
    app.command()(_command)
app.add_typer(gate)
app.command("list")(listing)
app.command()(doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"onnxprune {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """The program: never returns, always exits with one of the codes of the contract."""
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # they are for developers; what users must know is a result or an error
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # terminals without UTF-8
    with contextlib.suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGTERM, _stop)
    app(prog_name="onnxprune")


def _stop(_: int, __: FrameType | None) -> None:
    """A polite kill cleans up as Ctrl-C does."""
    raise KeyboardInterrupt
