"""Give any module the one signature that exporters handle alike: tensors in, a flat tuple of tensors out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from onnxprune.errors import InputError
from onnxprune.export.quiet import quiet
from onnxprune.export.source import Axes, Source, usual_axes
from onnxprune.words import cause

if TYPE_CHECKING:
    import torch


def adapt(
    name: str,
    module: torch.nn.Module,
    inputs: Mapping[str, torch.Tensor],
    *,
    keywords: Mapping[str, Any] | None = None,
    select: Sequence[str] = (),
    axes: Axes | None = None,
) -> Source:
    """Wrap `module`, run it once, and name its outputs.

    With `keywords` the inputs are passed by name, together with these constants. `select` keeps only these
    entries of a dictionary of outputs, if it has them. `InputError` if the model doesn't run.
    """
    adapter = _adapter(module.eval(), None if keywords is None else list(inputs), keywords or {}, select)
    outputs = _output_names(name, adapter, inputs)
    return Source(name, adapter, dict(inputs), outputs, usual_axes(inputs) if axes is None else axes)


def _adapter(
    module: torch.nn.Module, names: list[str] | None, constants: Mapping[str, Any], select: Sequence[str]
) -> torch.nn.Module:
    import torch

    class Adapter(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.module = module

        def named_outputs(self, *tensors: torch.Tensor) -> list[tuple[str, torch.Tensor]]:
            if names is None:
                result = self.module(*tensors)
            else:
                result = self.module(**dict(zip(names, tensors, strict=True)), **constants)
            return list(_flatten(_selected(result, select), ""))

        def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return tuple(tensor for _, tensor in self.named_outputs(*tensors))

    return Adapter().eval()


def _selected(result: Any, select: Sequence[str]) -> Any:
    if isinstance(result, Mapping) and any(key in result for key in select):
        return {key: result[key] for key in select if key in result}
    return result


def _flatten(value: Any, path: str) -> Iterator[tuple[str, torch.Tensor]]:
    """The tensors in nested lists, tuples and dictionaries, with the path to each."""
    import torch

    if isinstance(value, Mapping):
        entries = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        entries = [(str(index), item) for index, item in enumerate(value)]
    else:
        if isinstance(value, torch.Tensor):
            yield path, value
        return
    for key, item in entries:
        yield from _flatten(item, f"{path}_{key}" if path else key)


def _output_names(name: str, adapter: torch.nn.Module, inputs: Mapping[str, torch.Tensor]) -> tuple[str, ...]:
    import torch

    try:
        with torch.no_grad(), quiet():
            named = adapter.named_outputs(*inputs.values())
    except Exception as error:  # whatever the model raises
        raise InputError(f"{name} doesn't run on its example inputs: {cause(error)}") from error
    if not named:
        raise InputError(f"{name} returns no tensor, so there's nothing to export")
    return tuple(_output_name(path, inputs) for path, _ in named)


def _output_name(path: str, inputs: Mapping[str, Any]) -> str:
    label = f"output_{path}" if path[:1].isdecimal() else path or "output"
    return f"{label}_out" if label in inputs else label
