"""Where the bytes of stored tensors lie: in the model file itself, or in data files beside it.

Files are memory-mapped, so that weights cost memory only once they are touched. A mapping keeps the content of a file
that was replaced by another of the same name; a file that is cut short while it is mapped can't be dealt with.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx

from onnxprune.errors import InputError
from onnxprune.graph.wire import SELF


@dataclass(frozen=True, slots=True)
class Mapped:
    """A file's bytes, read-only, and the mapping that they belong to (None: they were read)."""

    data: np.ndarray
    mapping: mmap.mmap | None = None

    def copy(self, start: int, length: int) -> np.ndarray:
        """Some bytes at an address that suits every type. The pages that they come from are given back."""
        made = self.data[start : start + length].copy()
        self.give_back(start, length)
        return made

    def give_back(self, start: int = 0, length: int | None = None) -> None:
        """Let go of the pages that lie within some bytes (all): they are read again when they are touched."""
        stop = self.data.size if length is None else min(start + length, self.data.size)
        first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
        pages = stop // mmap.PAGESIZE * mmap.PAGESIZE - first
        if self.mapping is not None and pages > 0 and hasattr(self.mapping, "madvise"):
            self.mapping.madvise(mmap.MADV_DONTNEED, first, pages)


def open_bytes(path: Path) -> Mapped:
    """A file's bytes, memory-mapped where a mapped file can be replaced. Raises InputError."""
    _check_file(path)
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if os.name == "nt" or not size:
                return Mapped(np.frombuffer(file.read(), np.uint8))
            mapping = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
            return Mapped(np.frombuffer(mapping, np.uint8), mapping)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: can't be read ({getattr(error, 'strerror', None) or error})") from None


def _check_file(path: Path) -> None:
    try:
        if path.is_file():
            return
        what = "no such file" if not path.exists() else "is a folder" if path.is_dir() else "is no regular file"
        what += ", not an ONNX file" if path.exists() else ""
    except (OSError, ValueError) as error:
        what = f"can't be read ({getattr(error, 'strerror', None) or error})"
    raise InputError(f"{path}: {what}")


@dataclass(slots=True)
class Files:
    """The files that the stored tensors of one model lie in.

    path: the model file (None: the model comes from memory); own: its bytes
    """

    path: Path | None = None
    own: Mapped | None = None
    opened: dict[str, Mapped] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The model's name in messages."""
        return str(self.path) if self.path else "model"

    def find(self, tensor: onnx.TensorProto, needed: int) -> tuple[Mapped, int]:
        """The file that a tensor's data lie in, and where. Raises InputError where `needed` bytes are not there."""
        entries = {e.key: e.value for e in tensor.external_data}
        location = entries.get("location", "")
        offset, length = self._number(tensor, entries, "offset") or 0, self._number(tensor, entries, "length")
        if location == SELF and self.own is not None:
            return self.own, self._own_offset(tensor, offset, length or 0, needed)
        file = self._data_file(tensor, location)
        held = file.data.size - offset if length is None else min(length, file.data.size - offset)
        if held < needed:
            there = f"needs {needed} bytes of '{location}' but {max(held, 0)} are there"
            raise InputError(f"{self.where}: tensor '{tensor.name}' {there}")
        return file, offset

    def _own_offset(self, tensor: onnx.TensorProto, offset: int, length: int, needed: int) -> int:
        if length != needed:
            found = f"of shape {list(tensor.dims)} needs {needed} bytes but has {length}"
            raise InputError(f"{self.where}: tensor '{tensor.name}' {found}")
        if self.own is None or offset + length > self.own.data.size:
            raise InputError(f"{self.where}: tensor '{tensor.name}' lies behind the end of the model file")
        return offset

    def _number(self, tensor: onnx.TensorProto, entries: dict[str, str], key: str) -> int | None:
        text = entries.get(key)
        if text is None:
            return None
        if not text.isascii() or not text.isdigit():
            raise InputError(f"{self.where}: tensor '{tensor.name}' has the {key} '{text}' in its data file")
        return int(text)

    def _data_file(self, tensor: onnx.TensorProto, location: str) -> Mapped:
        if location not in self.opened:
            if not location:
                raise InputError(f"{self.where}: tensor '{tensor.name}' has external data without a location")
            path = self._inside(tensor, location)
            if not path.exists():
                raise InputError(f"{self.where}: the data file '{location}' of tensor '{tensor.name}' is missing")
            self.opened[location] = open_bytes(path)
        return self.opened[location]

    def _inside(self, tensor: onnx.TensorProto, location: str) -> Path:
        """The place of a data file. The model's folder is where it is named and, if it is a link, where it lies."""
        model = self.path or Path("model")
        path = model.parent / location
        try:
            homes = (model.parent.resolve(), model.resolve().parent)
            inside = any(path.resolve().is_relative_to(home) for home in homes)
        except (OSError, ValueError, RuntimeError):
            inside = False
        if Path(location).is_absolute() or not inside:
            raise InputError(f"{self.where}: tensor '{tensor.name}' points outside the model's folder: '{location}'")
        return path
