"""What of a directory isn't a pruned model goes over as it is."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Collection
from pathlib import Path

from onnxprune.directory.models import HISTORY, leads_inside
from onnxprune.errors import InputError


def carry(source: Path, made: Path, but: Collection[Path]) -> list[str]:
    """Copy a directory, but for some files, into an empty one; the paths of what was copied, relative to it.

    A link that leads to a place in the directory leads to that place in the copy; one that leads out of it (as in a
    hub's cache) becomes what it leads to, so that the copy is whole by itself. Raises InputError for what is neither
    file, directory nor link, or can't be copied, and OSError.
    """
    carried: list[str] = []
    _carry(source, source, made, but, carried)
    return carried


def _carry(root: Path, source: Path, made: Path, but: Collection[Path], carried: list[str]) -> None:
    for entry in sorted(os.scandir(source), key=lambda one: one.name):
        path, place = Path(entry.path), made / entry.name
        if path in but or entry.name == HISTORY:
            continue
        if entry.is_dir(follow_symlinks=False):
            place.mkdir()
            _carry(root, path, place, but, carried)
            shutil.copystat(path, place)
            place.chmod(place.stat().st_mode | 0o700)  # or no model could be written there, and nobody could remove it
            continue
        try:
            _copy(root, path, place)
        except OSError as error:
            raise InputError(f"{path}: can't be carried over ({error.strerror or error})") from None
        carried.append(path.relative_to(root).as_posix())


def _copy(root: Path, path: Path, place: Path) -> None:
    if path.is_symlink() and leads_inside(path, root):
        place.symlink_to(_within(root, path))
    elif path.is_symlink() and not path.exists():
        place.symlink_to(os.readlink(path))
    elif path.is_symlink() and path.is_dir():
        place.symlink_to(path.resolve(), target_is_directory=True)  # whatever lies there may be of any size
    elif stat.S_ISREG(path.stat().st_mode):
        shutil.copy2(path, place)
    else:
        raise InputError(f"{path}: is neither a file nor a directory nor a link, so it can't be carried over")


def _within(root: Path, link: Path) -> str:
    """What a link to a place in the directory says: as it is, unless the copy's link would lead to the original."""
    said = os.readlink(link)
    place = Path(os.path.normpath(link.parent.relative_to(root) / said))
    if not place.is_absolute() and os.pardir not in place.parts:
        return said
    return os.path.relpath(link.resolve(), link.parent.resolve())
