"""Running the part of a model that computes some of its tensors."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from onnxprune.graph import Model, finish, save_part
from onnxprune.runtime import Feeds, session
from onnxprune.runtime.run import Array, run


class Part:
    """A session of a serialized model, on all cores (threads: 0) or some."""

    def __init__(self, model: bytes | Path, threads: int = 0) -> None:
        self._session = session(model, threads=threads or os.cpu_count() or 1)
        self._inputs = [value.name for value in self._session.get_inputs()]

    def __call__(self, feeds: Feeds) -> dict[str, Array]:
        """The outputs by name; feeds that aren't read are left out. Raises InputError where the model can't be run."""
        return run(self._session, {name: feeds[name] for name in self._inputs if name in feeds})


def part_of(model: Model, names: Iterable[str], threads: int = 0) -> Part:
    """A session that makes the named tensors of a normalised model, and nothing beyond them; of any size.

    The model is used up. Its weights go through a folder of the system's for temporary files.
    """
    with tempfile.TemporaryDirectory(prefix="onnxprune-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "part.onnx"
        save_part(finish(model), names, path)
        return Part(path, threads)
