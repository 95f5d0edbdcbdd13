"""A model ready to be exported: a module, example inputs, and names for what goes in and out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onnxprune.errors import InputError
from onnxprune.export.quiet import quiet
from onnxprune.words import cause

if TYPE_CHECKING:
    import torch

Axes = Mapping[str, Mapping[int, str]]
"""Input name -> axis -> name of the axis, such as {"input": {0: "batch"}}."""


@dataclass(frozen=True)
class Source:
    """A model in a framework, before export.

    `module` takes the tensors of `inputs` by position, in their order, and returns a tuple of tensors named
    by `outputs`; the model itself is `module.module`. `axes` names the axes that may become dynamic.
    """

    name: str
    module: torch.nn.Module
    inputs: Mapping[str, torch.Tensor]
    outputs: tuple[str, ...]
    axes: Axes

    def run(self, inputs: Mapping[str, torch.Tensor]) -> tuple[torch.Tensor, ...]:
        """The outputs in the framework; `InputError` if the model doesn't run on these inputs."""
        import torch

        try:
            with torch.no_grad(), quiet():
                outputs: tuple[torch.Tensor, ...] = self.module(*inputs.values())
                return outputs
        except Exception as error:  # whatever the model raises
            sizes = ", ".join(f"{name} {list(tensor.shape)}" for name, tensor in inputs.items())
            raise InputError(f"{self.name} doesn't run on {sizes}: {cause(error)}") from error

    @property
    def parameters(self) -> int:
        """Number of parameters; a tensor used in several places counts once."""
        return sum(parameter.numel() for parameter in self.module.parameters())


def usual_axes(inputs: Mapping[str, Any]) -> Axes:
    """Axes that are dynamic by custom: batch; height and width of pictures; sequence of token ids."""
    return {name: _usual(tensor) for name, tensor in inputs.items()}


def _usual(tensor: Any) -> dict[int, str]:
    if tensor.ndim == 4 and tensor.is_floating_point():
        return {0: "batch", 2: "height", 3: "width"}
    if tensor.ndim == 2 and not tensor.is_floating_point():
        return {0: "batch", 1: "sequence"}
    return {0: "batch"} if tensor.ndim else {}
