"""Parts of sentences for the user."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Text to end a sentence with: `; did you mean a or b?`, or nothing if no name is close."""
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    if not close:
        return ""
    return f"; did you mean {' or '.join(close)}?"


def cause(error: BaseException, limit: int = 240) -> str:
    """What went wrong at the bottom of a chain of exceptions, on one line and without a full stop."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join([type(error).__name__ + ":", *lines[:2]]) if lines else type(error).__name__
    return text[: limit - 3] + "..." if len(text) > limit else text.rstrip(".")


def first_line(documented: object) -> str:
    """What a registered function or class is, in its own words: the first line of its docstring."""
    return (documented.__doc__ or "").strip().split("\n")[0]
