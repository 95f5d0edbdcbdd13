"""The reference page of the command line, as the parser has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer

from onnxprune.cli import app

HEAD = """# Commands

Every command takes `--help`. `onnxprune --install-completion` teaches your shell the commands, options and names; a
completed name comes with what it means. Results go to stdout, progress and errors to stderr; progress is shown in
terminals only, and not with `--quiet`. `NO_COLOR=1` turns colours off, `FORCE_COLOR=1` on where there is no terminal.
"""


def page() -> str:
    """All commands with their arguments and options."""
    root = typer.main.get_command(app)
    return "\n".join([HEAD, *_commands(root, "onnxprune")])


def _commands(command: Any, name: str) -> Iterator[str]:
    """A section for a command, or for each of a group's."""
    context = command.make_context(name, [], resilient_parsing=True)
    if hasattr(command, "commands"):
        if name != "onnxprune":
            yield f"## {name}\n\n{command.help}\n"
        for part in command.list_commands(context):
            yield from _commands(command.get_command(context, part), f"{name} {part}")
        return
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"## {name}\n\n{_text(command.help)}\n\n    {name} {usage}\n"
    records = [(param, param.get_help_record(context)) for param in command.get_params(context)]
    rows = [record for param, record in records if record and record[0] != "-h, --help"]
    if rows:
        yield "| option | meaning |\n| --- | --- |"
        yield "".join(f"| {_option(option)} | {_cell(about)} |\n" for option, about in rows)


def _option(text: str) -> str:
    """`-o, --output PATH` as code that breaks between its parts."""
    return f"`{' '.join(text.split())}`"


def _text(text: str | None) -> str:
    return (text or "").strip()


def _cell(text: str) -> str:
    return re.sub(r"([\\`*\[\]|])", r"\\\1", text).replace("<", "&lt;")
