"""What should come out of a call, kept beside its inputs under a name of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from onnxprune.calibration.batch import some
from onnxprune.errors import InputError
from onnxprune.runtime import Array, InputSpec


def check_labels(name: str, specs: Sequence[InputSpec]) -> None:
    """Raises InputError where the name is an input's."""
    if name in [spec.name for spec in specs]:
        raise InputError(f"--labels {name}: is an input of the model, which labels can't be")


def inputs_of(call: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A call without its labels."""
    return {key: values for key, values in call.items() if key != name or not name}


def labels_of(call: Mapping[str, Any], name: str, rows: int, where: str) -> Array:
    """The labels of a call of so many samples: whole numbers as int64 or floats as float32, samples on the first axis.

    Raises InputError where there are none, or they are of another type or number.
    """
    if name not in call:
        others = ", ".join(f"'{key}'" for key in call)
        raise InputError(f"{where}: there are no labels '{name}'; there is {others}")
    try:
        found = np.asarray(call[name])
    except ValueError as error:
        raise InputError(f"{where}: the labels '{name}' are no array: lists of different lengths") from error
    if found.dtype.kind not in "iubf":
        raise InputError(f"{where}: the labels '{name}' are neither whole numbers nor floats")
    found = found.astype(np.float32 if found.dtype.kind == "f" else np.int64)
    if not np.isfinite(found).all():
        raise InputError(f"{where}: the labels '{name}' hold NaN or infinity")
    found = found.reshape(1) if not found.ndim and rows == 1 else found
    if not found.ndim or len(found) != rows:
        held = some(len(found), "label") if found.ndim else "a single label"
        raise InputError(f"{where}: '{name}' holds {held} for {some(rows, 'sample')}")
    return found
