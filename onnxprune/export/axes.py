"""Which axes to try as dynamic, and inputs of other lengths to prove that they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from onnxprune.export.source import Axes, Source

if TYPE_CHECKING:
    import torch

_SPATIAL = {"height", "width"}


def choices(axes: Axes, *, dynamic: bool, proven: bool) -> list[Axes]:
    """What to try, the most dynamic first; every model that allows anything allows a dynamic batch.

    Height and width are tried only if the result is `proven` by running it: a tracer bakes a size in without
    a word.
    """
    if not dynamic:
        return [{}]
    names = {label for dims in axes.values() for label in dims.values()}
    tried: list[Axes] = []
    for kept in (names if proven else names - _SPATIAL, names - _SPATIAL, {"batch"}):
        choice = {name: {i: label for i, label in dims.items() if label in kept} for name, dims in axes.items()}
        if choice not in tried:
            tried.append(choice)
    return tried


def traced(inputs: Mapping[str, torch.Tensor], axes: Axes) -> dict[str, torch.Tensor]:
    """Inputs to trace with: a dynamic axis of length 1 gets length 2, as 1 would be taken for a constant."""
    lengths = {label: max(length, 2) for label, length in _lengths(inputs, axes)}
    return _resized(inputs, axes, lengths)


def other(inputs: Mapping[str, torch.Tensor], axes: Axes) -> dict[str, torch.Tensor]:
    """Inputs of lengths that weren't traced: three examples, half the sequence, larger pictures."""
    lengths = {}
    for label, length in _lengths(inputs, axes):
        if label in _SPATIAL:
            lengths[label] = length + (32 if label == "height" else 64)
        else:
            lengths[label] = 3 if label == "batch" else max(length // 2 + 1, 3)
    return _resized(inputs, axes, lengths)


def output_shapes(source: Source, axes: Axes) -> list[tuple[int | str | None, ...]]:
    """Shape of each output; an axis that varies has the name of the input axis it follows, or None.

    Found by running the model at two sets of lengths; `InputError` if it runs at one only.
    """
    sizes = traced(source.inputs, axes), other(source.inputs, axes)
    one, two = (dict(_lengths(inputs, axes)) for inputs in sizes)
    names: dict[tuple[int, int], int | str] = {(one[label], two[label]): label for label in one}
    runs = zip(*(source.run(inputs) for inputs in sizes), strict=True)
    return [
        tuple(a if a == b else names.get((a, b)) for a, b in zip(first.shape, second.shape, strict=True))
        for first, second in runs
    ]


def _lengths(inputs: Mapping[str, torch.Tensor], axes: Axes) -> Iterator[tuple[str, int]]:
    for name, dims in axes.items():
        for axis, label in dims.items():
            yield label, inputs[name].shape[axis]


def _resized(inputs: Mapping[str, torch.Tensor], axes: Axes, lengths: Mapping[str, int]) -> dict[str, torch.Tensor]:
    """Cut or repeat along named axes, so that values stay valid (token ids, masks)."""
    import torch

    result = {}
    for name, tensor in inputs.items():
        for axis, label in axes.get(name, {}).items():
            index = torch.arange(lengths[label]) % tensor.shape[axis]
            tensor = tensor.index_select(axis, index)
        result[name] = tensor
    return result
