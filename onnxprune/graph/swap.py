"""Giving a finished folder its name, also where an older one has it: whoever looks finds the old one or the new one."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from onnxprune.graph.scratch import REPLACED

_AT_WORKING_FOLDER, _EXCHANGE = -100, 2
"""Of Linux's renameat2."""


def put_folder(made: Path, place: Path) -> None:
    """Move `made`, a folder in a scratch folder beside `place`, to `place`; a folder that is there goes to the scratch.

    In one step where nothing is there, and on Linux; elsewhere in two: a process that is killed between them leaves the
    old folder in its scratch, from where the next sweep brings it back. Raises OSError.
    """
    if place.is_dir() and not any(place.iterdir()):
        place.rmdir()
    if not place.exists():
        os.rename(made, place)
    elif not _exchanged(made, place):
        _one_after_the_other(made, place)


def _exchanged(made: Path, place: Path) -> bool:
    """Swap two folders in one step; False where the system or the file system can't."""
    if not sys.platform.startswith("linux"):
        return False
    swap = getattr(ctypes.CDLL(None), "renameat2", None)  # glibc has it since 2.28
    if swap is None:
        return False
    here = _AT_WORKING_FOLDER
    return bool(swap(here, os.fsencode(made), here, os.fsencode(place), _EXCHANGE) == 0)


def _one_after_the_other(made: Path, place: Path) -> None:
    aside = made.parent / REPLACED
    aside.mkdir()
    old = aside / place.name
    os.rename(place, old)
    try:
        os.rename(made, place)
    except OSError:
        os.rename(old, place)
        raise
    os.rename(aside, made.parent / "gone")  # in one step, so that no sweep brings back a folder that is half deleted
