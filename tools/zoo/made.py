"""How entries are made of models in PyTorch: built by name, varied, exported by either exporter, and checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tools.zoo.entry import Entry

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "": {},
    "torchscript": {"exporter": "torchscript"},
    "dynamic": {"dynamic": True},
}
"""What follows an @ in an entry's name -> options of `onnxprune.export.write`."""


def from_spec(spec: str, options: Mapping[str, str] | None = None, **how: Any) -> Callable[[Path], None]:
    """A `make` that exports what `spec` names (see `onnxprune.export.load`), with weights varied by tools/varied.py."""

    def make(file: Path) -> None:
        from tools.zoo_models import export_varied

        export_varied(spec, options or {}, file, **how)

    return make


def in_variants(
    name: str, family: str, spec: str, options: Mapping[str, str] | None = None, variants: Iterable[str] = ("",)
) -> list[Entry]:
    """An entry for each variant: NAME, NAME@torchscript, NAME@dynamic."""
    return [
        Entry(f"{name}@{variant}" if variant else name, family, from_spec(spec, options, **VARIANTS[variant]))
        for variant in variants
    ]
