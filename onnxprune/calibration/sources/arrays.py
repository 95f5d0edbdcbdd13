"""A folder of .npz or .npy files, each of them a call."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from onnxprune.calibration.batch import spaced
from onnxprune.calibration.registry import Found, Request, source
from onnxprune.calibration.stored import load_npy, load_npz, only_input, sha256_of_all
from onnxprune.runtime import Array

_KINDS = (".npz", ".npy")


def _files(folder: Path) -> list[Path]:
    """By name; hidden ones are the system's."""
    there = sorted(folder.iterdir(), key=lambda path: path.name)
    return [path for path in there if path.suffix.lower() in _KINDS and not path.name.startswith(".")]


def _fits(text: str) -> bool:
    return Path(text).is_dir() and bool(_files(Path(text)))


@source("FOLDER of .npz or .npy files", _fits)
def arrays(request: Request) -> Found:
    """The files in the order of their names; of more than are wanted, evenly spaced ones."""
    there = _files(request.path)
    files = [there[i] for i in spaced(len(there), request.samples)]

    def make(index: int) -> Mapping[str, Array]:
        path = files[index]
        if path.suffix.lower() == ".npz":
            return load_npz(path)
        return {only_input(request.specs, str(path)).name: load_npy(path)}

    return Found(len(files), make, lambda index: str(files[index]), sha256_of_all(files))
