"""Reference models that no package has as ONNX: made here once, by training or by export, and kept in the cache.

`models/<name>/make.py` has a `main` that writes the file. It imports torch, and nothing imports it before a
model is asked for that isn't there: with it, a recipe alone needs no framework.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import ObtainError
from models.recipe import HOME, Array, names
from onnxprune.cache import cache_folder
from onnxprune.errors import InputError

if TYPE_CHECKING:
    import torch

SEED = 0


def made(name: str, version: int) -> Path:
    """Path of the model; made at first use.

    Raises ObtainError where a framework is missing, or the export fails.
    """
    file = _target(name, version)
    if file.is_file():
        return file
    try:
        make = import_module(f"models.{name}.make")
    except ModuleNotFoundError as error:
        raise ObtainError(f"{name} is made here, which needs the package {error.name}") from None
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as scratch, _reproducible():
        try:
            make.main(Path(scratch) / file.name)
        except InputError as error:
            raise ObtainError(f"{name} can't be made: {error}") from error
        # The same file system: readers see no file or the whole one.
        os.replace(Path(scratch) / file.name, file)
    return file


def at_hand() -> list[str]:
    """Names of the recipes whose file needs no making: out of a package as it is, or made before."""
    return [name for name in names() if not (HOME / name / "make.py").exists() or _is_made(name)]


def _is_made(name: str) -> bool:
    return _target(name, import_module(f"models.{name}.recipe").VERSION).is_file()


def _target(name: str, version: int) -> Path:
    """A change of how it's made raises the version, so that no old file is taken for the new one."""
    return cache_folder() / "models" / name / f"{name}-{version}.onnx"


@contextmanager
def _reproducible() -> Iterator[None]:
    """Seeded, and on one thread: more would add in another order, and are slower on shared cores."""
    import torch

    threads = torch.get_num_threads()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def write(file: Path, name: str, module: torch.nn.Module, inputs: Mapping[str, Any], **how: Any) -> None:
    """Export to ONNX with a free batch axis, and compare with torch at two batch sizes.

    `how` may name other free axes, as in {"ids": {0: "batch", 1: "length"}}, and the exporter.
    """
    from onnxprune.export import write as export
    from onnxprune.export.adapter import adapt

    axes = how.pop("axes", {key: {0: "batch"} for key in inputs})
    source = adapt(name, module, inputs, axes=axes)
    export(source, file, dynamic=True, run=run, **how)


def run(file: Path, feeds: Mapping[str, Array]) -> list[Array]:
    """All outputs of a file just exported."""
    from models.session import runner

    return list(runner(file)(dict(feeds)))
