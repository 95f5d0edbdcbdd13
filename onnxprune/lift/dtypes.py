"""Types of numbers: those of a file, and those that torch computes with."""

from __future__ import annotations

import numpy as np
import torch
from onnx_graphsurgeon import Constant, Tensor

from onnxprune.graph.tensors import element_type

_COMPUTED = {
    "float16": torch.float32,
    "bfloat16": torch.float32,
    "float32": torch.float32,
    "float64": torch.float64,
    "bool": torch.bool,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "uint8": torch.uint8,
    "uint16": torch.int32,
    "uint32": torch.int64,
    "uint64": torch.int64,
    "int4": torch.int8,
    "uint4": torch.uint8,
    "int2": torch.int8,
    "uint2": torch.uint8,
    "complex64": torch.complex64,
    "float8_e4m3fn": torch.float32,
    "float8_e4m3fnuz": torch.float32,
    "float8_e5m2": torch.float32,
    "float8_e5m2fnuz": torch.float32,
}
"""Halves are computed as singles; torch has few operations for wide unsigned integers."""

LIMITS = {
    "uint8": (0, 255),
    "int8": (-128, 127),
    "uint16": (0, 65535),
    "int16": (-32768, 32767),
    "uint4": (0, 15),
    "int4": (-8, 7),
    "uint2": (0, 3),
    "int2": (-2, 1),
    "int32": (-(2**31), 2**31 - 1),
}
"""Least and largest integer, of the types that tensors are quantised to."""

FLOATS = ("float16", "bfloat16", "float32", "float64")


def of_type(dtype: np.dtype) -> torch.dtype | None:
    """The torch type that numbers of a numpy type are computed as; None where there is none."""
    return _COMPUTED.get(dtype.name)


def of_number(number: int) -> torch.dtype:
    """The torch type that an ONNX element type is computed as. Raises TypeError where there is none."""
    dtype = element_type(number)
    found = None if dtype is None else of_type(dtype)
    if found is None:
        raise TypeError(f"numbers of ONNX type {number} are not computed")
    return found


def kind_of_number(number: int) -> str:
    """The name of an ONNX element type; "" where there is none."""
    dtype = element_type(number) if number else None
    return "" if dtype is None else str(dtype.name)


def name_of(tensor: Constant) -> str:
    """The name of the type that a tensor is stored in."""
    return str(np.dtype(tensor.dtype).name)


def kind_of(tensor: Tensor) -> str:
    """The same of any tensor; "" where the file doesn't tell."""
    if tensor.dtype is None:
        return ""
    dtype = element_type(tensor.dtype) if isinstance(tensor.dtype, int) else np.dtype(tensor.dtype)
    return "" if dtype is None else str(dtype.name)


def to_torch(values: np.ndarray) -> torch.Tensor:
    """A copy of stored numbers, as they are computed with. Raises KeyError for types that aren't numbers."""
    dtype = _COMPUTED[values.dtype.name]
    numpy_type = np.float32 if dtype is torch.float32 else _NUMPY[dtype]
    return torch.from_numpy(np.array(values, dtype=numpy_type, order="C"))


_NUMPY = {dtype: np.dtype(str(dtype).removeprefix("torch.")) for dtype in set(_COMPUTED.values())}
