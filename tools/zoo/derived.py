"""Entries that are made of the file of another entry."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def derived(base: str, step: Callable[[Path, Path], None]) -> Callable[[Path], None]:
    """A `make` that has `step` turn the file of the entry `base` into the new one.

    It exports the base where its file isn't there, and proves that ONNX Runtime loads what came out.
    """

    def make(out: Path) -> None:
        from onnxprune.runtime import session
        from tools.zoo.export import export
        from tools.zoo.lists import file_of, named

        entry = named(base)
        source = file_of(entry)
        if not source.exists():
            export(entry, source)
        step(source, out)
        session(out)

    return make
