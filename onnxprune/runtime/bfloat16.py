"""bfloat16 for NumPy and ONNX Runtime's Python API, neither of which knows the type.

Here a bfloat16 tensor is a float32 array that holds bfloat16 values; it becomes 16-bit patterns only at
the border to ONNX Runtime.
"""

import ctypes
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

TENSOR_TYPE = "tensor(bfloat16)"

_ONNX_BFLOAT16 = 16
_QUIET_NAN = 0x7FC0


def to_bits(values: NDArray[Any]) -> NDArray[np.uint16]:
    """Round to the nearest bfloat16, ties to even, and return the bit patterns, in the same shape."""
    wide = np.ascontiguousarray(values, dtype=np.float32).reshape(np.shape(values))
    bits = wide.view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(wide), _QUIET_NAN, rounded).astype(np.uint16)


def from_bits(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The float32 values of bfloat16 bit patterns, in the same shape."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def to_ort(values: NDArray[Any]) -> ort.OrtValue:
    """A bfloat16 tensor on the CPU, rounded from float values of any width."""
    return ort.OrtValue.ortvalue_from_numpy_with_onnx_type(to_bits(values), _ONNX_BFLOAT16)


def from_ort(value: ort.OrtValue) -> NDArray[np.float32]:
    """A copy, as float32, of a bfloat16 tensor on the CPU."""
    shape = tuple(value.shape())
    if 0 in shape:
        return np.zeros(shape, np.float32)
    pointer = ctypes.cast(value.data_ptr(), ctypes.POINTER(ctypes.c_uint16))
    return from_bits(np.ctypeslib.as_array(pointer, shape or (1,))).reshape(shape)
