"""Running a session on named arrays, whatever the types of its inputs and outputs."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from onnxprune.errors import InputError
from onnxprune.runtime import bfloat16
from onnxprune.runtime.session import reason

Array: TypeAlias = NDArray[Any]
Feeds: TypeAlias = Mapping[str, Array]
"""Arrays by the name of the graph's input."""

_FATAL_LEVEL = 4


def run(session: ort.InferenceSession, feeds: Feeds) -> dict[str, Array]:
    """Run a model once and return its outputs by name.

    bfloat16 inputs are given, and outputs returned, as float32. A sequence or map is taken apart into
    `name[0]`, `name[1]`, ... or `name[key]`; an optional output that is absent is left out.

    Raises InputError with ONNX Runtime's words if the model can't be run on these inputs.
    """
    try:
        results = prepare(session, feeds)()
    except Exception as error:  # ONNX Runtime's exceptions share no base but Exception
        raise InputError(f"ONNX Runtime could not run the model: {reason(error)}") from error
    named: dict[str, Array] = {}
    for output, value in zip(session.get_outputs(), results, strict=True):
        named.update(_flatten(output.name, value))
    return named


def prepare(session: ort.InferenceSession, feeds: Feeds) -> Callable[[], list[Any]]:
    """A call that runs the model on `feeds`, with all conversions of the inputs done beforehand."""
    options = ort.RunOptions()
    options.log_severity_level = _FATAL_LEVEL  # the exception says it; the log would say it again
    types = {value.name: value.type for value in session.get_inputs()}
    outputs = [value.type for value in session.get_outputs()]
    if bfloat16.TENSOR_TYPE not in [*types.values(), *outputs]:
        arrays = {name: np.asarray(array) for name, array in feeds.items()}
        return partial(session.run, None, arrays, options)
    values = {name: _to_ort(array, types.get(name)) for name, array in feeds.items()}
    return partial(session.run_with_ort_values, None, values, options)


def _to_ort(array: Array, onnx_type: str | None) -> ort.OrtValue:
    if onnx_type == bfloat16.TENSOR_TYPE:
        return bfloat16.to_ort(array)
    return ort.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array).reshape(np.shape(array)))


def _flatten(name: str, value: Any) -> dict[str, Array]:
    if value is None:
        return {}
    if isinstance(value, ort.OrtValue):
        is_narrow = value.data_type() == bfloat16.TENSOR_TYPE
        return {name: bfloat16.from_ort(value) if is_narrow else value.numpy()}
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        parts = (_flatten(f"{name}[{key}]", item) for key, item in items)
        return {part: array for flat in parts for part, array in flat.items()}
    return {name: np.asarray(value)}
