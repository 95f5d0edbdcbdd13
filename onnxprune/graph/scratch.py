"""Scratch beside an output: gone when the work ends, swept by the next run where the process was killed.

Whoever works in a scratch folder holds a lock on it, which the system releases when the process dies, however it dies.
What can be locked is therefore nobody's. Where a file system knows no locks, or the system none of this kind (Windows),
nothing is swept: rather litter than a loss.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from onnxprune.graph.data_files import data_files_of

if sys.platform != "win32":
    import fcntl

PREFIX, FOLDER, FILE = ".onnxprune-", ".d", ".tmp"
JOURNAL = ".moving"
"""In a scratch folder: what a move from there consists of, by the name of a file a line (see `journal`)."""

REPLACED = "replaced"
"""In a scratch folder: a folder that lay beside it and is about to be replaced by another (see `put_folder`)."""


@contextlib.contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """A fresh folder in `parent`, for this process alone; it goes with all that is in it. Raises OSError."""
    sweep(parent)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(held(_fresh(parent)))
        while not folder.exists():  # a sweep by somebody else took it before it was held
            folder = stack.enter_context(held(_fresh(parent)))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def scratch_name(parent: Path, suffix: str = FILE) -> Path:
    """A name in `parent` that no file has."""
    return parent / f"{PREFIX}{secrets.token_hex(6)}{suffix}"


@contextlib.contextmanager
def held(path: Path) -> Iterator[Path]:
    """Hold a scratch file or folder that was just made, so that no sweep takes it."""
    handle = None if sys.platform == "win32" else os.open(path, os.O_RDONLY)
    try:
        if handle is not None:
            _lock(handle, wait=True)
        yield path
    finally:
        if handle is not None:
            os.close(handle)


def journal(folder: Path, model: str, data: str, old: list[str]) -> None:
    """Write down a move before it begins: of `model`, with `data` moved first; then the files `old` go."""
    (folder / JOURNAL).write_text("\n".join([model, data, *old]), encoding="utf-8")


def sweep(parent: Path) -> None:
    """Remove what killed processes left in a folder: their scratch, and halves of what they were about to write."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(parent)):
            if entry.name.startswith(PREFIX) and entry.name.endswith((FOLDER, FILE)) and not entry.is_symlink():
                _sweep(Path(entry.path))


def _fresh(parent: Path) -> Path:
    folder = scratch_name(parent, FOLDER)
    folder.mkdir(mode=0o700)
    return folder


def _lock(handle: int, wait: bool = False) -> bool:
    """Take the lock; False where somebody else has it, or where there are no locks."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _sweep(left: Path) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(left, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            if _lock(handle):
                _remove(left)
        finally:
            os.close(handle)


def _remove(left: Path) -> None:
    if not left.is_dir():
        left.unlink()
        return
    for half in _halves(left):
        half.unlink(missing_ok=True)
    _bring_back(left)
    shutil.rmtree(left)


def _halves(folder: Path) -> list[Path]:
    """What a move that was cut short left beside its output: new data without a model, or old data that has none."""
    if not (folder / JOURNAL).is_file():
        return []
    model, data, *old = (folder / JOURNAL).read_text(encoding="utf-8").splitlines()
    unfinished = (folder / model).exists()
    named = data_files_of(folder.parent / model)
    return [path for name in ([data] if unfinished else old) if (path := folder.parent / name) not in named]


def _bring_back(folder: Path) -> None:
    """Where a folder was taken away and no other came in its place, it gets its place again."""
    aside = folder / REPLACED
    for old in aside.iterdir() if aside.is_dir() else ():
        place = folder.parent / old.name
        if not place.exists():
            os.rename(old, place)
