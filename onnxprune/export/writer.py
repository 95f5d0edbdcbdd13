"""Export to a file, whole or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onnxprune.errors import InputError
from onnxprune.export.axes import choices, other
from onnxprune.export.check import Runner, check
from onnxprune.export.exporters import exported
from onnxprune.export.loader import load
from onnxprune.export.result import ExportResult, Port
from onnxprune.export.source import Axes, Source
from onnxprune.export.tidy import tidy
from onnxprune.graph import scratch_folder
from onnxprune.progress import Progress, silent

if TYPE_CHECKING:
    import onnx_ir as ir

# A protobuf message ends at 2 GiB; what isn't weights has to fit in too.
_LARGEST_INLINE = 1_900_000_000


def export(
    spec: str,
    out: Path,
    *,
    options: Mapping[str, str] | None = None,
    opset: int | None = None,
    exporter: str = "dynamo",
    dynamic: bool = False,
    seed: int = 0,
    external_data: bool | None = None,
    run: Runner | None = None,
    progress: Progress = silent,
) -> ExportResult:
    """Build the model that `spec` names (see `load`) and write it as ONNX (see `write`)."""
    progress("building the model")
    source = load(spec, options, seed=seed)
    how: dict[str, Any] = {"opset": opset, "exporter": exporter, "dynamic": dynamic, "external_data": external_data}
    return write(source, out, run=run, progress=progress, **how)


def write(
    source: Source,
    out: Path,
    *,
    opset: int | None = None,
    exporter: str = "dynamo",
    dynamic: bool = False,
    external_data: bool | None = None,
    run: Runner | None = None,
    progress: Progress = silent,
) -> ExportResult:
    """Write `source` to `out` as ONNX; the file appears under its name only when it's complete.

    opset          18 by default with exporter dynamo, 17 with torchscript
    dynamic        batch, sequence, and (only with `run`, which proves it) height and width are free
    external_data  weights in `<out>.data` beside the model; by default only where the model would exceed 2 GB
    run            run the file and compare it with the framework; a wrong file isn't written

    `InputError` in one sentence for whatever stands against it.
    """
    start = time.perf_counter()
    if not out.parent.is_dir():
        raise InputError(f"can't write {out}: the folder {out.parent} doesn't exist")
    tried = choices(source.axes, dynamic=dynamic, proven=run is not None)
    for axes in tried:
        # In the same folder, since a rename is atomic only within a file system.
        with scratch_folder(out.parent) as folder:
            try:
                progress("exporting")
                model = exported(source, axes, exporter, opset, folder)
                progress("writing, and running the file beside its source" if run else "writing")
                error = _save(source, model, axes, folder / "ready" / out.name, external_data, run)
            except InputError:
                if axes is tried[-1]:
                    raise
                continue
            _replace(folder / "ready", out)
            return _result(source, model, out, exporter, error, time.perf_counter() - start)
    raise AssertionError("the last choice returns or raises")


def _save(
    source: Source, model: ir.Model, axes: Axes, file: Path, external_data: bool | None, run: Runner | None
) -> float | None:
    """Write `file` and compare it with the framework, at the example lengths and at others."""
    import onnx_ir as ir

    tidy(model)
    file.parent.mkdir()
    if external_data is None:
        external_data = _weights(model) > _LARGEST_INLINE
    ir.save(model, file, external_data=f"{file.name}.data" if external_data else None)
    if run is None:
        return None
    read = [str(value.name) for value in model.graph.inputs]
    error = check(source, file, run, source.inputs, read)
    if any(axes.values()):
        error = max(error, check(source, file, run, other(source.inputs, axes), read))
    return error


def _weights(model: ir.Model) -> int:
    return sum(value.const_value.nbytes for value in model.graph.initializers.values() if value.const_value is not None)


def _replace(ready: Path, out: Path) -> None:
    data = ready / f"{out.name}.data"
    if data.exists():
        os.replace(data, out.parent / data.name)
    os.replace(ready / out.name, out)


def _result(
    source: Source, model: ir.Model, out: Path, exporter: str, error: float | None, seconds: float
) -> ExportResult:
    return ExportResult(
        path=out,
        source=source.name,
        exporter=exporter,
        opset=model.opset_imports[""],
        inputs=tuple(map(_port, model.graph.inputs)),
        outputs=tuple(map(_port, model.graph.outputs)),
        parameters=source.parameters,
        max_error=error,
        seconds=seconds,
    )


def _port(value: ir.Value) -> Port:
    shape = () if value.shape is None else value.shape
    dims = tuple(dim if isinstance(dim, int) else str(dim.value or "?") for dim in shape)
    return Port(str(value.name), "" if value.dtype is None else value.dtype.name.lower(), dims)
