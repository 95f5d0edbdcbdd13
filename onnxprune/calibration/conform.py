"""A call as the model takes it: all inputs, of their types and shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from onnxprune.calibration.batch import open_batches, shape_text
from onnxprune.calibration.casting import cast
from onnxprune.errors import InputError
from onnxprune.runtime import Array, InputSpec
from onnxprune.words import did_you_mean


def conform(call: Mapping[str, Any], specs: Sequence[InputSpec], where: str) -> dict[str, Array]:
    """The call's arrays in the order and the types of the inputs; `where` is the start of every error's sentence.

    Raises InputError where a name, a shape, a type or a value doesn't suit.
    """
    check_names(call, specs, where)
    made = {}
    for spec in specs:
        values = as_array(call[spec.name], spec, where)
        check_shape(values.shape, spec, where)
        made[spec.name] = cast(values, spec, where)
    _check_batch(made, open_batches(specs), where)
    return made


def check_names(names: Iterable[str], specs: Sequence[InputSpec], where: str) -> None:
    """Raises InputError where these aren't the names of the inputs."""
    given, known = list(names), [spec.name for spec in specs]
    for name in given:
        if name not in known:
            close = did_you_mean(str(name), known) or f"; the inputs are {', '.join(known)}"
            raise InputError(f"{where}: the model has no input '{name}'{close}")
    missing = ", ".join(f"'{name}'" for name in known if name not in given)
    if missing:
        raise InputError(f"{where}: there are no values for the input {missing}")


def as_array(values: Any, spec: InputSpec, where: str) -> Array:
    """Whatever NumPy understands (nested lists, tensors) as an array. Raises InputError for what it doesn't."""
    try:
        return np.asarray(values)
    except Exception as error:  # tensors of other frameworks raise what they like
        text = "lists of different lengths" if "inhomogeneous" in str(error) else " ".join(str(error).split())
        raise InputError(f"{where}: the values for the input '{spec.name}' are no array: {text}") from error


def check_shape(shape: Sequence[int], spec: InputSpec, where: str) -> None:
    """Raises InputError where the rank or a fixed length differs, or where there isn't a single sample."""
    if len(shape) != len(spec.shape):
        hint = "; is the batch axis missing?" if len(shape) == len(spec.shape) - 1 else ""
        raise wrong_shape(shape, spec, where, f"has rank {len(spec.shape)}, not {len(shape)}", hint)
    for axis, (found, wanted) in enumerate(zip(shape, spec.shape, strict=True)):
        if isinstance(wanted, int) and found != wanted:
            raise wrong_shape(shape, spec, where, f"has length {wanted} on axis {axis}, not {found}")
    axis = open_batches([spec]).get(spec.name, -1)
    if axis >= 0 and not shape[axis]:
        raise InputError(f"{where}: the values for the input '{spec.name}', of shape {list(shape)}, hold no samples")


def wrong_shape(shape: Sequence[int], spec: InputSpec, where: str, what: str, hint: str = "") -> InputError:
    """The error for values that have not the input's shape."""
    sides = f"{shape_text(spec.shape)} was expected, {list(shape)} found"
    return InputError(f"{where}: the input '{spec.name}' {what}: {sides}{hint}")


def _check_batch(call: Mapping[str, Array], axes: Mapping[str, int], where: str) -> None:
    counts = {name: call[name].shape[axis] for name, axis in axes.items()}
    for name, count in counts.items():
        first = next(iter(counts))
        if count != counts[first]:
            raise InputError(f"{where}: '{first}' holds {counts[first]} samples, but '{name}' {count}")
