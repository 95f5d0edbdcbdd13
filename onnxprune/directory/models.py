"""Which files of a directory are models, and what else belongs to them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.graph import data_files_of

SUFFIX = ".onnx"

HISTORY = ".git"
"""Never looked into and never carried over: in a clone from a hub it holds the dense weights once more."""


def models_of(folder: Path, only: Sequence[str] = ()) -> list[str]:
    """The models in a directory and in those below it, by their paths relative to it, those on top first.

    only: globs over these paths, or over their names; a link to another model of the directory is none of its own.
    Raises InputError where there is no model, or none that a glob is of.
    """
    names = [path.relative_to(folder).as_posix() for path in _models(folder)]
    if not names:
        raise InputError(f"{folder}: is a folder without an ONNX file (*{SUFFIX})")
    for glob in only:
        if not any(_matches(name, glob) for name in names):
            raise InputError(f"--file {glob}: is none of the models in {folder}: {some_names(names)}")
    return [name for name in names if not only or any(_matches(name, glob) for glob in only)]


def the_model(path: Path) -> Path:
    """The model file that is meant: the path, or the only model in it where it is a directory.

    Raises InputError where a directory holds none, or several.
    """
    if not path.is_dir():
        return path
    names = models_of(path)
    if len(names) > 1:
        raise InputError(f"{path}: holds several models, so name one of them: {some_names(names)}")
    return path / names[0]


def label(name: str) -> str:
    """What a model is called in reports and data: its path without the suffix."""
    return name.removesuffix(SUFFIX)


def some_names(names: Sequence[str]) -> str:
    """A few names, for a sentence."""
    return ", ".join([*names[:6], *(["..."] if len(names) > 6 else [])])


def belongings(folder: Path, names: Iterable[str]) -> set[Path]:
    """The files of some models: they, and their data files, but for what other models of the directory read."""
    taken = {folder / name for name in names}
    others = [path for path in _models(folder) if path not in taken]
    return _with_data(folder, taken) - _with_data(folder, others)


def _with_data(folder: Path, models: Iterable[Path]) -> set[Path]:
    """Models, their data files, and what these are links to, if that lies in the directory."""
    files = {_plain(path) for model in models for path in (model, *data_files_of(model))}
    links = [path for path in files if leads_inside(path, folder)]
    return files | {folder / path.resolve().relative_to(folder.resolve()) for path in links}


def leads_inside(path: Path, folder: Path) -> bool:
    """Whether it is a link to something in the folder."""
    return path.is_symlink() and path.resolve().is_relative_to(folder.resolve())


def _models(folder: Path) -> list[Path]:
    found = [path for path in _files(folder) if path.suffix == SUFFIX]
    files = {path.resolve() for path in found if not path.is_symlink()}
    return [path for path in found if not path.is_symlink() or path.resolve() not in files]


def _plain(path: Path) -> Path:
    return Path(os.path.normpath(path))


def _matches(name: str, glob: str) -> bool:
    return fnmatchcase(name, glob) or fnmatchcase(name.rpartition("/")[2], glob)


def _files(folder: Path) -> Iterator[Path]:
    """All files, those of a directory before those of the directories in it; links to directories aren't followed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{folder}: can't be read ({error.strerror or error})") from None
    yield from (Path(entry.path) for entry in entries if entry.is_file())
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and entry.name != HISTORY:
            yield from _files(Path(entry.path))
