"""One graph of the coverage zoo: its name, its family and how its file is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FAMILIES = (
    "torchvision",
    "timm",
    "transformers",
    "detection",
    "dense prediction",
    "recurrent",
    "trained",
    "optimised",
    "simplified",
    "other frameworks",
)


@dataclass(frozen=True)
class Entry:
    """A graph that pruning is tried on. `make` writes the ONNX file to a path and raises where it can't.

    `name` is unique and safe as a file's name; `dims` are lengths of open dimensions where the defaults won't do.
    """

    name: str
    family: str
    make: Callable[[Path], None]
    dims: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ValueError(f"{self.name}: no family {self.family}")
