"""The two exporters of PyTorch, behind one signature."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from onnxprune.errors import InputError
from onnxprune.export.axes import output_shapes, traced
from onnxprune.export.lazy import need
from onnxprune.export.quiet import quiet
from onnxprune.export.source import Axes, Source
from onnxprune.words import cause, did_you_mean

if TYPE_CHECKING:
    import onnx_ir as ir

Exporter = Callable[[Source, Axes, int, Path], "ir.Model"]


def exported(source: Source, axes: Axes, exporter: str, opset: int | None, folder: Path) -> ir.Model:
    """The graph that an exporter makes of `source`, with the lengths on `axes` dynamic.

    `folder` is for the exporter's own files and must outlive the graph. `InputError` gives the exporter's
    reason.
    """
    if exporter not in _EXPORTERS:
        raise InputError(f"unknown exporter {exporter!r}: dynamo or torchscript{did_you_mean(exporter, _EXPORTERS)}")
    need("onnxscript", "torch")
    function, default, lowest, highest = _EXPORTERS[exporter]
    opset = default if opset is None else opset
    if not lowest <= opset <= highest:
        raise InputError(f"exporter {exporter} writes opset {lowest} to {highest}, not {opset}")
    try:
        with quiet():
            model = function(source, axes, opset, folder)
    except Exception as error:  # an exporter may raise anything
        other = next(name for name in _EXPORTERS if name != exporter)
        raise InputError(f"{exporter} can't export {source.name} ({other} may): {cause(error)}") from error
    if model.opset_imports.get("") != opset:
        raise InputError(f"{exporter} made opset {model.opset_imports.get('')} of {source.name}, not {opset}")
    return model


def _dynamo(source: Source, axes: Axes, opset: int, _folder: Path) -> ir.Model:
    import torch

    shapes = tuple(dict(axes.get(name, {})) for name in source.inputs)
    # Decomposition knows of no gradients. A trace that does may choose another kernel of attention, whose output is
    # laid out otherwise, and then a view of it fails.
    with torch.no_grad():
        program = torch.onnx.export(
            source.module,
            tuple(traced(source.inputs, axes).values()),
            dynamo=True,
            input_names=list(source.inputs),
            output_names=list(source.outputs),
            opset_version=opset,
            # The adapter takes *tensors, one argument for torch.export: hence a tuple in a tuple.
            dynamic_shapes=(shapes,) if any(shapes) else None,
            verbose=False,
        )
    model: ir.Model = program.model
    return model


def _torchscript(source: Source, axes: Axes, opset: int, folder: Path) -> ir.Model:
    import onnx_ir as ir
    import torch

    file = folder / "torchscript.onnx"
    torch.onnx.export(
        source.module,
        tuple(traced(source.inputs, axes).values()),
        str(file),
        dynamo=False,
        input_names=list(source.inputs),
        output_names=list(source.outputs),
        opset_version=opset,
        dynamic_axes={name: dict(dims) for name, dims in axes.items() if dims},
    )
    model = ir.load(file)
    if any(axes.values()):
        _name_dynamic_axes(model, source, axes)
    return model


def _name_dynamic_axes(model: ir.Model, source: Source, axes: Axes) -> None:
    """Put back what this exporter forgets: which axes of an output depend on which of the inputs."""
    import onnx_ir as ir

    for value, shape in zip(model.graph.outputs, output_shapes(source, axes), strict=True):
        value.shape = ir.Shape(shape)


# Exporter -> (function, default, lowest and highest opset).
_EXPORTERS: dict[str, tuple[Exporter, int, int, int]] = {
    "dynamo": (_dynamo, 18, 18, 23),
    "torchscript": (_torchscript, 17, 9, 20),
}
