"""What a model takes on disk."""

from collections.abc import Sequence
from pathlib import Path

from onnxprune.errors import InputError


def file_size(model: Path | str, extra: Sequence[Path | str] = ()) -> int:
    """Bytes of a model and of its external data files `extra`, each counted once.

    Raises InputError if one of them isn't a file.
    """
    paths = {Path(path).resolve() for path in (model, *extra)}
    for path in sorted(paths):
        if not path.is_file():
            raise InputError(f"there is no file {path}")
    return sum(path.stat().st_size for path in paths)
