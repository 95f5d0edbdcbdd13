"""Statistics of activations, kept between runs by what they were made of."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import zipfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import numpy as np

from onnxprune.cache import cache_folder
from onnxprune.calibration.activations import Activation, Activations

LIMIT = 4 * 2**30
"""Bytes that are kept in all; what was not asked for longest goes first."""

ROOMS = ("calibration", "coupling", "graph")
"""Whose source decides what statistics come out."""

_LAYERS = "layers"


def shelved(made_of: Iterable[str], make: Callable[[], Activations]) -> Activations:
    """The statistics that were made of this before, else those that `make` returns, which are kept.

    made_of: hashes and options; what can't be read or written in the cache folder is done without
    """
    key = hashlib.sha256("\n".join([*made_of, _source()]).encode()).hexdigest()
    path = cache_folder() / "statistics" / f"{key}.npz"
    found = _read(path)
    if found is None:
        found = make()
        with contextlib.suppress(OSError):
            _write(path, found)
    return found


def _read(path: Path) -> Activations | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            layers = json.loads(str(stored[_LAYERS]))
            states: dict[int, dict[str, np.ndarray]] = {}
            for name in stored.files:
                number, _, field = name.partition("/")
                if field:
                    states.setdefault(int(number), {})[field] = stored[name]
        places = sorted({(str(name), int(axis)) for name, axis in layers.values()})
        found = {place: Activation() for place in places}
        for number, place in enumerate(places):
            found[place].restore(states[number])
        os.utime(path)
        return Activations(found, {layer: (str(name), int(axis)) for layer, (name, axis) in layers.items()})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _write(path: Path, known: Activations) -> None:
    """Others see the old file or the new one. Raises OSError."""
    arrays = {_LAYERS: np.array(json.dumps(known.read))}
    for number, place in enumerate(sorted(known.found)):
        arrays |= {f"{number}/{field}": values for field, values in known.found[place].state().items()}
    if sum(values.nbytes for values in arrays.values()) > LIMIT // 2:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with fresh.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        os.replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
    _make_room(path.parent)


def _make_room(folder: Path) -> None:
    files = sorted((f for f in folder.iterdir() if f.is_file()), key=lambda f: f.stat().st_mtime)
    total = sum(f.stat().st_size for f in files)
    for file in files:
        if total <= LIMIT:
            return
        total -= file.stat().st_size
        file.unlink(missing_ok=True)


@cache
def _source() -> str:
    """A hash of the source that makes statistics, so that those of another version are not taken."""
    found = hashlib.sha256()
    root = Path(__file__).parent.parent
    for file in sorted(file for room in ROOMS for file in (root / room).rglob("*.py")):
        found.update(file.read_bytes())
    return found.hexdigest()
