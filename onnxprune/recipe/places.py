"""Files that a recipe names lie relative to its folder."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from onnxprune.calibration import MADE_UP, NOTHING
from onnxprune.calibration.users import is_name

_PATHS = frozenset(("output", "report", "plan", "preprocess"))


def placed(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The same values, with files looked for in a folder."""
    return {name: _placed(name, value, folder) for name, value in values.items()}


def _placed(name: str, value: Any, folder: Path) -> Any:
    if name in _PATHS or (name == "data" and _is_path(value, folder)):
        return str(folder / value)
    return value


def _is_path(text: str, folder: Path) -> bool:
    """Whether data are a file or folder, and not made up, none, or a function."""
    return (folder / text).exists() or not (text in (MADE_UP, NOTHING) or is_name(text))


@contextlib.contextmanager
def modules_of(folder: Path | None) -> Iterator[None]:
    """Modules of a folder are found, as if one were there."""
    name = str(folder.resolve()) if folder is not None else None
    if name is None:
        yield
        return
    sys.path.insert(0, name)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # the user's code may have taken it away
            sys.path.remove(name)
