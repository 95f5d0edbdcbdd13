"""The report's folder: claimed before the work starts, filled at its end."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.graph.save import write_atomic
from onnxprune.pruning import Result
from onnxprune.report.html import html
from onnxprune.report.markdown import markdown
from onnxprune.report.record import Report


@contextlib.contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Make the folder and see that files can be written there; what was made goes again if the work fails.

    Raises InputError where the folder can't be made or written.
    """
    made = [p for p in (folder, *folder.parents) if not p.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        _unmake(made)
        raise InputError(f"{folder}: can't hold a report ({error.strerror or error})") from None
    try:
        yield
    except BaseException:
        _unmake(made)
        raise


def write(folder: Path, result: Result, report: Report) -> list[Path]:
    """Write report.html, report.json, report.md and plan.json, each whole or not at all.

    Raises InputError if that fails.
    """
    files = {
        "report.html": html(report),
        "report.json": report.to_json(),
        "report.md": markdown(report),
        "plan.json": result.plan.to_json(),
    }
    try:
        return [write_atomic(folder / name, [text.encode()]) for name, text in files.items()]
    except OSError as error:
        raise InputError(f"{folder}: the report can't be written ({error.strerror or error})") from None


def _unmake(folders: list[Path]) -> None:
    """Remove folders, the innermost first, as far as they are empty."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()
