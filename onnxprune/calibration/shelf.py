"""Statistics of activations, and other arrays that data decide, kept between runs by what they were made of."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
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
_NAMES = "names"


def shelved(made_of: Iterable[str], make: Callable[[], Activations]) -> Activations:
    """The statistics that were made of this before, else those that `make` returns, which are kept.

    made_of: hashes and options; what can't be read or written in the cache folder is done without
    """
    path = _place(made_of, ROOMS)
    found = None
    with contextlib.suppress(ValueError, KeyError):
        stored = _read(path)
        found = None if stored is None else _activations(stored)
    if found is None:
        found = make()
        _keep(path, _arrays(found))
    return found


def shelved_arrays(
    made_of: Iterable[str], make: Callable[[], dict[str, np.ndarray]], rooms: Sequence[str] = ROOMS
) -> dict[str, np.ndarray]:
    """The same of arrays by name. rooms: whose source decides what comes out"""
    path = _place(made_of, rooms)
    with contextlib.suppress(ValueError, KeyError):
        stored = _read(path)
        if stored is not None:
            return {name: stored[str(number)] for number, name in enumerate(json.loads(str(stored[_NAMES])))}
    found = make()
    named = {str(number): values for number, values in enumerate(found.values())}
    _keep(path, {_NAMES: np.array(json.dumps(list(found))), **named})
    return found


def _place(made_of: Iterable[str], rooms: Sequence[str]) -> Path:
    key = hashlib.sha256("\n".join([*made_of, _source(tuple(rooms))]).encode()).hexdigest()
    return cache_folder() / "statistics" / f"{key}.npz"


def _read(path: Path) -> dict[str, np.ndarray] | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            found = {name: stored[name] for name in stored.files}
        os.utime(path)
        return found
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _activations(stored: Mapping[str, np.ndarray]) -> Activations:
    """Raises KeyError and ValueError for what isn't one."""
    layers = json.loads(str(stored[_LAYERS]))
    states: dict[int, dict[str, np.ndarray]] = {}
    for name, values in stored.items():
        number, _, field = name.partition("/")
        if field:
            states.setdefault(int(number), {})[field] = values
    places = sorted({(str(name), int(axis)) for name, axis in layers.values()})
    found = {place: Activation() for place in places}
    for at, place in enumerate(places):
        found[place].restore(states[at])
    return Activations(found, {layer: (str(name), int(axis)) for layer, (name, axis) in layers.items()})


def _arrays(known: Activations) -> dict[str, np.ndarray]:
    arrays = {_LAYERS: np.array(json.dumps(known.read))}
    for number, place in enumerate(sorted(known.found)):
        arrays |= {f"{number}/{field}": values for field, values in known.found[place].state().items()}
    return arrays


def _keep(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Others see the old file or the new one. Where it can't be written, it is done without."""
    if sum(values.nbytes for values in arrays.values()) > LIMIT // 2:
        return
    with contextlib.suppress(OSError):
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
def _source(rooms: tuple[str, ...]) -> str:
    """A hash of the source that makes statistics, so that those of another version are not taken."""
    found = hashlib.sha256()
    root = Path(__file__).parent.parent
    for file in sorted(file for room in rooms for file in (root / room).rglob("*.py")):
        found.update(file.read_bytes())
    return found.hexdigest()
