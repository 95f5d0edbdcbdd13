"""Arrays in files of NumPy's, opened without ever running what a file holds."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from onnxprune.errors import InputError
from onnxprune.runtime import Array, InputSpec

_NPY, _ZIP = b"\x93NUMPY", b"PK"


def sha256(path: Path) -> str:
    """Of a file's bytes, in hexadecimal, read piece by piece. Raises InputError where it can't be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error


def sha256_of_all(paths: Iterable[Path], *more: str) -> str:
    """Of several files, in this order, and of texts."""
    return hashlib.sha256("\n".join([*(sha256(path) for path in paths), *more]).encode()).hexdigest()


def load_npz(path: Path) -> dict[str, Array]:
    """All arrays of an .npz, by name. Raises InputError where it is broken, empty, or holds pickled objects."""
    _check_magic(path, _ZIP, ".npz")
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:  # NumPy leaves broken files open
            found = {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
        raise _unreadable(path, error) from error
    if not found:
        raise InputError(f"{path}: holds no arrays")
    return found


def load_npy(path: Path) -> Array:
    """The array of an .npy, left on disk. Raises InputError where it is broken or holds pickled objects."""
    _check_magic(path, _NPY, ".npy")
    try:
        found: Array = np.load(path, allow_pickle=False, mmap_mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise _unreadable(path, error) from error
    return found


def only_input(specs: Sequence[InputSpec], where: str) -> InputSpec:
    """The one input. Raises InputError where the model has several, which values without names can't be given to."""
    if len(specs) == 1:
        return specs[0]
    names = ", ".join(spec.name for spec in specs)
    raise InputError(f"{where}: doesn't name the input it is for, and the model has several: {names}")


def _check_magic(path: Path, magic: bytes, kind: str) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(len(magic))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    if start != magic:
        raise InputError(f"{path}: isn't an {kind} file" if start else f"{path}: is empty")


def _unreadable(path: Path, error: Exception) -> InputError:
    text = " ".join(str(error).split())
    if "pickle" in text or "Python objects" in text:
        return InputError(f"{path}: holds pickled Python objects, which are never loaded; store plain arrays instead")
    return InputError(f"{path}: can't be read: {text or type(error).__name__}")
