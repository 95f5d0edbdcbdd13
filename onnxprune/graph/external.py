"""Tensors in data files beside the model."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from onnxprune.errors import InputError


def locate(tensor: onnx.TensorProto, folder: Path) -> tuple[Path, int, int | None]:
    """File, offset and length (bytes; None: to the end) of a tensor's data. Refuses places outside `folder`."""
    entries = {e.key: e.value for e in tensor.external_data}
    location = entries.get("location", "")
    if not location:
        raise InputError(f"initializer '{tensor.name}' says its data is external but not where")
    path = folder / location
    if Path(location).is_absolute() or not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"initializer '{tensor.name}' points outside the model's folder: '{location}'")
    try:
        offset = int(entries.get("offset", 0))
        length = int(entries["length"]) if "length" in entries else None
    except ValueError:
        raise InputError(f"initializer '{tensor.name}' has an offset or length that is no number") from None
    return path, offset, length


def read_external(tensor: onnx.TensorProto, folder: Path) -> np.ndarray:
    """The tensor's values, memory-mapped read-only where the type has a numpy layout of its own."""
    path, offset, length = locate(tensor, folder)
    if not path.is_file():
        raise InputError(f"initializer '{tensor.name}': its data file '{path.name}' is missing")
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    shape = tuple(tensor.dims)
    needed = packed_bytes(tensor.data_type, math.prod(shape))
    have = path.stat().st_size - offset
    if have < needed or (length is not None and length < needed) or offset < 0:
        held = have if length is None else min(length, have)
        raise InputError(
            f"initializer '{tensor.name}' needs {needed} bytes of '{path.name}' but {max(held, 0)} are there"
        )
    if not needed:
        return np.zeros(shape, dtype)
    raw = np.memmap(path, np.uint8, "r", offset, (needed,))
    if needed == math.prod(shape) * dtype.itemsize:
        return raw.view(dtype).reshape(shape) if raw.ctypes.data % dtype.itemsize == 0 else _unaligned(raw, dtype, shape)
    return _unpack(tensor, raw)


def _unaligned(raw: np.ndarray, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    return np.frombuffer(raw.tobytes(), dtype).reshape(shape)


def _unpack(tensor: onnx.TensorProto, raw: np.ndarray) -> np.ndarray:
    """Types of less than a byte are packed; onnx knows how."""
    inline = onnx.TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims, raw_data=raw.tobytes())
    return numpy_helper.to_array(inline)


def packed_bytes(data_type: int, elements: int) -> int:
    """Bytes that `elements` of an ONNX type take in a file."""
    name = onnx.TensorProto.DataType.Name(data_type)
    for suffix, per_byte in (("INT4", 2), ("4E2M1", 2), ("INT2", 4)):
        if name.endswith(suffix):
            return -(-elements // per_byte)
    return elements * np.dtype(helper.tensor_dtype_to_np_dtype(data_type)).itemsize
