"""Directories side by side: file by file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onnxprune.directory.models import models_of
from onnxprune.errors import InputError


def pairs(paths: Sequence[Path]) -> dict[str, list[Path]]:
    """Which files belong together: by the models' names in directories, or all of them, under no name, if files.

    Raises InputError where a directory and a file are mixed, or where one lacks a model that the first one has.
    """
    folders = [path for path in paths if path.is_dir()]
    if not folders:
        return {"": list(paths)}
    for path in paths:
        if not path.is_dir():
            raise InputError(f"{path}: is compared with a directory ({folders[0]}), so it should be one, too")
    found = {name: [path / name for path in paths] for name in models_of(paths[0])}
    for same in found.values():
        for path in same:
            if not path.is_file():
                raise InputError(f"{path}: no such file, though {paths[0]} has a model of that name")
    return found
