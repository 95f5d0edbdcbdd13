"""All entries of the zoo: the lists are the modules of this package whose names end in `_list`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path

from onnxprune.cache import cache_folder
from tools.zoo.entry import FAMILIES, Entry


def entries() -> list[Entry]:
    """Every entry, by family and then in the order of its list. Raises ValueError where two have one name."""
    modules = [import_module(f"tools.zoo.{file.stem}") for file in sorted(Path(__file__).parent.glob("*_list.py"))]
    found = [entry for module in modules for entry in module.entries()]
    if twice := [name for name, count in Counter(entry.name for entry in found).items() if count > 1]:
        raise ValueError(f"two entries have the name {twice[0]}")
    return sorted(found, key=lambda entry: FAMILIES.index(entry.family))


def chosen(pattern: str = "*", families: Collection[str] = ()) -> list[Entry]:
    """Entries whose name fits a shell pattern, of some families or of all."""
    return [e for e in entries() if fnmatchcase(e.name, pattern) and (not families or e.family in families)]


def named(name: str) -> Entry:
    """The entry of that name. Raises KeyError where there is none."""
    return {entry.name: entry for entry in entries()}[name]


def file_of(entry: Entry) -> Path:
    """Where the entry's ONNX file is kept, whether or not it has been made."""
    return cache_folder() / "coverage" / f"{entry.name}.onnx"
