"""A report for every model of a directory, in a folder of its own where there are several."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

from onnxprune import report
from onnxprune.directory.models import label
from onnxprune.directory.result import DirectoryResult
from onnxprune.errors import InputError
from onnxprune.progress import Progress
from onnxprune.report import Report


def reports(result: DirectoryResult, progress: Progress | None = None) -> dict[str, Report]:
    """The reports by model; their command is that of the whole directory. With `progress`, the inside of models too."""
    command = command_of(result)
    made = {name: replace(report.summarize(one), command=command) for name, one in result.results.items()}
    if progress is None:
        return made
    return {name: report.detailed(one, result.results[name], progress) for name, one in made.items()}


def write_reports(folder: Path, result: DirectoryResult, made: dict[str, Report]) -> list[Path]:
    """Write what `report.write` does of every model. Raises InputError where that can't be."""
    written: list[Path] = []
    for name, one in made.items():
        place = folder / label(name) if len(made) > 1 else folder
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{place}: can't hold a report ({error.strerror or error})") from None
        written += report.write(place, result.results[name], one)
    return written


def command_of(result: DirectoryResult) -> str:
    """The command line that does the same again."""
    first = next(iter(result.results.values()))
    if first.command.startswith("onnxprune optimize "):  # of a recipe with stages
        words = shlex.split(first.command)
        words[2], words[4] = str(result.source), str(result.output)
        return shlex.join(words)
    options = first.options if len(result.results) == 1 else result.options
    whole = replace(first, source=result.source, output=result.output, options=options, target=result.target)
    files = [word for glob in result.only for word in ("--file", glob)]
    return shlex.join([*shlex.split(report.command(whole)), *files])
