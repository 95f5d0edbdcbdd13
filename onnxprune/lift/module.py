"""A lifted graph as a module whose parameters are the file's learned tensors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from onnxprune.errors import InputError
from onnxprune.graph import Model, all_stored
from onnxprune.lift.fusion import fused
from onnxprune.lift.patterns import PATTERNS
from onnxprune.lift.program import Program, Values
from onnxprune.lift.weights import Weight


@dataclass(frozen=True, slots=True)
class Layout:
    """Where tensors lie. places: name -> place; weights, buffers: name -> place and what lies there at the start"""

    places: Mapping[str, int]
    weights: Mapping[str, tuple[int, Weight]]
    buffers: Mapping[str, tuple[int, Tensor]]


class Lifted(torch.nn.Module):
    """An ONNX graph that torch runs and differentiates.

    Parameters have the names of the stored tensors; other stored tensors are buffers. Halves are computed as singles.
    inputs: name -> the type that a feed is computed as; outputs: names, in the graph's order
    """

    def __init__(
        self, program: Program, layout: Layout, inputs: Mapping[str, torch.dtype], outputs: Collection[str]
    ) -> None:
        super().__init__()
        self.inputs = dict(inputs)
        self.outputs = list(outputs)
        self._program = program
        self._layout = layout
        self._fused: dict[frozenset[int], Program] = {}
        for name, (_, weight) in layout.weights.items():
            self._parameters[name] = weight.parameter  # register_parameter takes no names with dots
        for name, (_, value) in layout.buffers.items():
            self._buffers[name] = value

    def forward(
        self, feeds: Mapping[str, Tensor], keep: Collection[str] = (), weights: Mapping[str, Tensor] | None = None
    ) -> dict[str, Tensor]:
        """The outputs by name, and those tensors inside whose names are in `keep`.

        weights: stand in for parameters of the same names. Raises InputError where an input is missing, and Unliftable
        where a node can't be run.
        """
        values = self._start(feeds, weights or {})
        kept = {self._layout.places[name]: name for name in keep if name in self._layout.places}
        found: dict[str, Tensor] = {}
        for step in self._fast(frozenset(kept)).steps:
            step(values)
            found |= {kept[at]: values[at] for at in step.writes if at in kept} if kept else {}
            for at in step.frees:
                values.pop(at, None)
        return found | {name: values[at] for name, at in zip(self.outputs, self._program.outputs, strict=True)}

    @property
    def names(self) -> set[str]:
        """Of the tensors that `forward` can be asked to keep: those that a step makes."""
        made = {at for step in self._program.steps for at in step.writes}
        return {name for name, at in self._layout.places.items() if at in made}

    def _fast(self, kept: frozenset[int]) -> Program:
        """The program with what torch has single functions for, where what is kept isn't inside."""
        if kept not in self._fused:
            stored = {at: weight.parameter for at, weight in self._layout.weights.values()}
            stored |= dict(self._layout.buffers.values())
            self._fused[kept] = fused(self._program, PATTERNS, stored, kept)
        return self._fused[kept]

    def _start(self, feeds: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> Values:
        """What lies at every place before the first step."""
        values: Values = {}
        for name, (at, _) in self._layout.buffers.items():
            values[at] = _there(self._buffers[name])
        for name, (at, weight) in self._layout.weights.items():
            values[at] = weight.value(weights.get(name, _there(self._parameters[name])))
        for (name, dtype), at in zip(self.inputs.items(), self._program.inputs, strict=True):
            if name not in feeds:
                raise InputError(f"input '{name}' is missing")
            values[at] = feeds[name].to(dtype)
        return values

    def stored(self, changed: Mapping[str, Tensor] | None = None) -> dict[str, np.ndarray]:
        """Every learned tensor as the file has it: name -> array of its shape and type there.

        changed: stand in for parameters of the same names
        """
        forms = self._layout.weights
        return {name: forms[name][1].stored((changed or {}).get(name, p)) for name, p in self.named_parameters()}


def _there(value: Tensor | None) -> Tensor:
    assert value is not None
    return value


def write_back(learned: Lifted | Mapping[str, np.ndarray], model: Model) -> int:
    """Put learned tensors into a model that has them under the same names, and tell how many changed.

    learned: a lifted model, or what its `stored` gave. Tensors that are what they were stay untouched, byte for byte.
    Raises InputError where a shape differs.
    """
    changed, learned = 0, learned.stored() if isinstance(learned, Lifted) else learned
    for tensor in all_stored(model):
        values = learned.get(tensor.name)
        if values is None:
            continue
        before = np.asarray(tensor.values)
        if before.shape != values.shape:
            raise InputError(
                f"'{tensor.name}' is {list(before.shape)} in the file and {list(values.shape)} in training"
            )
        if before.tobytes() != values.tobytes():
            tensor.values = values
            changed += 1
    return changed
