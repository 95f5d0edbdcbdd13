"""Functions of the user's own code, by `package.module:function`."""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from onnxprune.errors import InputError
from onnxprune.words import cause, did_you_mean

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def is_name(text: str) -> bool:
    """Whether a text reads MODULE:FUNCTION."""
    return bool(_NAME.fullmatch(text))


def users_function(text: str) -> Callable[..., Any]:
    """The function that MODULE:FUNCTION names. Raises InputError where there is none, or its module fails.

    Use it inside `current_folder_on_path`, for the import and for every call: what is called may import more.
    """
    place, _, name = text.partition(":")
    try:
        module = importlib.import_module(place)
    except (Exception, SystemExit) as error:  # the user's code may raise anything
        raise InputError(f"{text}: can't import {place}: {cause(error)}") from error
    found: Callable[..., Any] | None = getattr(module, name, None)
    if found is None or not callable(found):
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise InputError(f"{text}: {place} has no function {name}{did_you_mean(name, known)}")
    return found


@contextlib.contextmanager
def current_folder_on_path() -> Iterator[None]:
    """As in `python -m`: modules of the folder that one is in are found."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):  # the user's code may have taken it away
            sys.path.remove(folder)
