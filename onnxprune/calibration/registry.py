"""The registry of sources: what `--data` takes, one file each in `onnxprune/calibration/sources`."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from onnxprune.runtime import InputSpec


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a source.

    specs: the inputs, with the lengths that the user gave in place; declared: as the model declares them; samples: no
    more than so many are wanted; preprocess: a file that says what becomes of a picture; dims, seed, bounds: see
    `open_data`; labels: what calls hold besides inputs, or empty; together: samples in a call that is made up
    """

    text: str
    specs: Sequence[InputSpec]
    declared: Sequence[InputSpec]
    samples: int
    preprocess: Path | None
    dims: Mapping[str, int]
    seed: int
    bounds: Mapping[str, int] | None
    labels: str = ""
    together: int = 1

    @property
    def path(self) -> Path:
        """The text as a path."""
        return Path(self.text)


@dataclass(frozen=True, slots=True)
class Found:
    """What a source found: `count` calls, still unchecked.

    make: a call by its index; where: the call's place, as the start of a sentence; rows: samples in each call, where
    they are known without making it
    """

    count: int
    make: Callable[[int], Mapping[str, Any]]
    where: Callable[[int], str]
    digest: str
    rows: tuple[int, ...] | None = None
    synthetic: bool = False
    warnings: tuple[str, ...] = ()


Open = Callable[[Request], Found]


@dataclass(frozen=True, slots=True)
class Source:
    """A way to give data.

    form: how it is written; fits: whether a text is of that form; open: finds the calls; preprocess: it heeds the
    file that the user gave under that name
    """

    form: str
    fits: Callable[[str], bool]
    open: Open
    preprocess: bool


_SOURCES: dict[str, Source] = {}


def source(form: str, fits: Callable[[str], bool], *, preprocess: bool = False) -> Callable[[Open], Open]:
    """Register a function as the source for the texts that fit; no text may fit two."""

    def register(function: Open) -> Open:
        _SOURCES[form] = Source(form, fits, function, preprocess)
        return function

    return register


def sources() -> list[Source]:
    """All sources, by form. Every module of the folder is imported, so that a new file is enough for a new source."""
    from onnxprune.calibration import sources as folder

    for module in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
        import_module(module.name)
    return [_SOURCES[form] for form in sorted(_SOURCES)]
