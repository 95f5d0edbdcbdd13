"""Does the exported file compute what the framework computes?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from onnxprune.errors import InputError
from onnxprune.export.source import Source
from onnxprune.words import cause

if TYPE_CHECKING:
    import torch

Runner = Callable[[Path, Mapping[str, NDArray[Any]]], Sequence[Any]]
"""(model file, inputs by name) -> outputs in the graph's order. `onnxprune.runtime` has one."""

TOLERANCE = 1e-3
_HALF_TOLERANCE = 5e-2


def check(source: Source, path: Path, run: Runner, inputs: Mapping[str, torch.Tensor], read: Sequence[str]) -> float:
    """The largest |framework - ONNX| over the largest |framework|, of all outputs.

    `read` names the inputs that the graph kept. `InputError` if either side doesn't run, or if they differ by
    more than 1e-3 (5e-2 in half precision).
    """
    expected = [_array(tensor) for tensor in source.run(inputs)]
    try:
        actual = run(path, {name: _array(inputs[name]) for name in read})
    except Exception as error:  # a runtime has its own exceptions
        raise InputError(f"the exported {source.name} doesn't run: {cause(error)}") from error
    if len(actual) != len(expected):
        raise InputError(f"the exported {source.name} has {len(actual)} outputs, not {len(expected)}")
    worst = max(_difference(e, np.asarray(a)) for e, a in zip(expected, actual, strict=True))
    half = any(array.dtype.itemsize == 2 for array in expected)
    if not worst <= (_HALF_TOLERANCE if half else TOLERANCE):
        raise InputError(f"the exported {source.name} is wrong: its outputs differ by {worst:.2g} (relative)")
    return worst


def _array(tensor: Any) -> NDArray[Any]:
    array: NDArray[Any] = tensor.detach().cpu().numpy()
    return array


def _difference(expected: NDArray[Any], actual: NDArray[Any]) -> float:
    if expected.shape != actual.shape:
        return float("inf")
    if not expected.size:
        return 0.0
    wide = expected.astype(np.float64)
    difference = float(np.abs(wide - actual.astype(np.float64)).max())
    largest = float(np.abs(wide).max())
    return difference / largest if largest else difference
