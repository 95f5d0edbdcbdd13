"""Where a result directory may go: to a fresh place, or over an earlier result that nothing was added to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from onnxprune.directory.models import SUFFIX, some_names
from onnxprune.directory.note import NAME, known_files
from onnxprune.errors import InputError


def beside(source: Path) -> Path:
    """Where a result goes if nobody says: DIRECTORY.pruned. Raises InputError where the directory has no name."""
    named = source.resolve() if source.name in ("", os.pardir) else source
    if not named.name:
        raise InputError(f"{source}: has nothing beside it, so say where the result goes (-o)")
    return named.with_name(f"{named.name}.pruned")


def check_report(report: Path, source: Path, output: Path) -> None:
    """Raise InputError where a report would lie in the result, which is replaced as a whole, or be carried over."""
    for what, folder in (("input", source), ("output", output)):
        if report.resolve().is_relative_to(folder.resolve()):
            raise InputError(f"--report {report}: lies in the {what} '{folder}'; give a folder outside of it")


def check_place(source: Path, output: Path) -> None:
    """Raise InputError where a result can't be put without loss of something."""
    here, there = source.resolve(), output.resolve()
    if output.suffix == SUFFIX and not output.exists():
        meant = f"'{output.with_suffix('')}', or name a model file instead of '{source}'"
        raise InputError(f"{output}: is the name of a file, and what becomes of a directory is one; say {meant}")
    if here == there:
        raise InputError(f"{output}: the output is the input; give another name")
    if here in there.parents or there in here.parents:
        raise InputError(f"{output}: one of the input and the output lies in the other; give another name")
    if not output.parent.is_dir():
        raise InputError(f"{output}: the folder '{output.parent}' does not exist")
    if output.is_symlink() or (output.exists() and not output.is_dir()):
        raise InputError(f"{output}: is no directory, and what becomes of a directory is one; give another name")
    if output.is_dir() and (files := list(_files(output))):
        _check_files(output, files)


def _check_files(output: Path, files: list[str]) -> None:
    known = known_files(output)
    if known is None:
        raise InputError(f"{output}: is there already and is no result of onnxprune (no {NAME}); give another name")
    if strange := sorted(set(files) - known):
        kept = f"holds {some_names(strange)}, which would be lost"
        raise InputError(f"{output}: {kept}; give another name, or move that away")


def _files(folder: Path) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        yield from ((Path(place) / name).relative_to(folder).as_posix() for name in [*files, *links])
