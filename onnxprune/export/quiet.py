"""Frameworks talk a lot while they import, build and export. Only their errors are of use."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Within it warnings, log records and prints are dropped; exceptions pass through.

    Logging is switched off for the whole process, so no other thread should depend on it meanwhile.
    """
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def cause(error: BaseException, limit: int = 240) -> str:
    """What went wrong at the bottom of a chain of exceptions, on one line and without a full stop."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join([type(error).__name__ + ":", *lines[:2]]) if lines else type(error).__name__
    return text[: limit - 3] + "..." if len(text) > limit else text.rstrip(".")
