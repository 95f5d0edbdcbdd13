"""Where an input holds its samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onnxprune.runtime import Array, InputSpec, concrete_shapes
from onnxprune.runtime.axes import kind_of_place, kind_of_symbol


def settled(specs: Sequence[InputSpec], dims: Mapping[str, int] | None) -> list[InputSpec]:
    """The inputs with the lengths that the user gave, by symbol or `input:axis`, in place of open ones.

    Raises InputError where a name is no open axis.
    """
    if not dims:
        return list(specs)
    concrete_shapes(specs, dims=dims)  # for its check of the names
    return [InputSpec(s.name, s.dtype, tuple(_settled(s, axis, dims) for axis in range(len(s.shape)))) for s in specs]


def _settled(spec: InputSpec, axis: int, dims: Mapping[str, int]) -> int | str | None:
    dim = spec.shape[axis]
    if isinstance(dim, int):
        return dim
    return dims.get(dim or "", dims.get(f"{spec.name}:{axis}", dim))


def open_batch(spec: InputSpec) -> int | None:
    """The axis of the samples, where its length is open: the first, or the second of a recurrent state."""
    for axis, dim in enumerate(spec.shape[:2]):
        if isinstance(dim, int):
            continue
        named = kind_of_symbol(dim) if dim else None
        is_batch = kind_of_place(spec, axis) == "batch" and named in (None, "batch")
        if is_batch or (axis == 0 and named == "batch"):
            return axis
    return None


def fixed_batch(spec: InputSpec) -> int | None:
    """How many samples a call takes, where the file fixes that: the length of the first axis."""
    if not spec.shape or kind_of_place(spec, 0) != "batch":
        return None
    dim = spec.shape[0]
    return dim if isinstance(dim, int) and dim > 0 else None


def open_batches(specs: Sequence[InputSpec]) -> dict[str, int]:
    """The axis of the samples by input, of those whose batch is open."""
    axes = {spec.name: open_batch(spec) for spec in specs}
    return {name: axis for name, axis in axes.items() if axis is not None}


def samples_in(call: Mapping[str, Array], specs: Sequence[InputSpec]) -> int:
    """Samples in a call: the length of an open batch axis, else the fixed batch of the first input that has one."""
    for name, axis in open_batches(specs).items():
        return int(call[name].shape[axis])
    first = next((fixed_batch(spec) for spec in specs if len(spec.shape) > 1), None)
    return first or 1


def spaced(count: int, wanted: int) -> list[int]:
    """At most `wanted` of 0, ..., count - 1, evenly spaced: files are often sorted by class."""
    taken = min(count, wanted)
    return [i * count // taken for i in range(taken)]


def some(count: int, noun: str) -> str:
    """A number of things: 1 sample, 3 samples."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def shape_text(shape: Sequence[int | str | None]) -> str:
    """`[batch, 3, 224, 224]`; an axis without a name is a question mark."""
    return f"[{', '.join('?' if dim is None else str(dim) for dim in shape)}]"
