"""Files that a check writes, by form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.gate.finding import Checked
from onnxprune.gate.views.gitlab import gitlab
from onnxprune.gate.views.junit import junit
from onnxprune.gate.views.markdown import markdown
from onnxprune.gate.views.sarif import sarif
from onnxprune.graph.save import write_atomic

FORMS: dict[str, Callable[[Checked], str]] = {"junit": junit, "sarif": sarif, "gitlab": gitlab, "markdown": markdown}


def claim(files: Mapping[str, Path | None]) -> None:
    """See that files can be written, before anything is measured. Raises InputError where one can't."""
    for path in files.values():
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            what = "is a folder" if path.is_dir() else "its folder isn't there"
            raise InputError(f"{path}: can't be written ({what})")


def write(found: Checked, files: Mapping[str, Path | None]) -> list[Path]:
    """Write what was asked for, by form. Raises InputError where a file can't be."""
    written = []
    for form, path in files.items():
        if path is None:
            continue
        try:
            written.append(write_atomic(path, [FORMS[form](found).encode("utf-8", "replace")]))
        except OSError as error:
            raise InputError(f"{path}: can't be written ({error.strerror or error})") from None
    return written
