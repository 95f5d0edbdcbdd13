"""Stored tensors between protobuf and numpy. Types that numpy lacks are those of ml_dtypes; strings are bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnx_graphsurgeon as gs
from onnx import TensorProto, helper, numpy_helper
from onnx_graphsurgeon.ir.tensor import LazyValues

from onnxprune.errors import InputError
from onnxprune.graph.files import Files, Mapped
from onnxprune.graph.ir import note_of

_PACKED_BITS = {
    "INT2": 2,
    "UINT2": 2,
    "INT4": 4,
    "UINT4": 4,
    "FLOAT4E2M1": 4,
    "FLOAT6E2M3": 6,
    "FLOAT6E3M2": 6,
}
PIECE = 2**24
"""Bytes of a file that are held at a time while they are copied."""

_VARINT_STEPS = np.array([1 << 7 * k for k in range(1, 10)], np.uint64)


def element_type(data_type: int) -> np.dtype | None:
    """The numpy type of an ONNX element type; None where there is none."""
    try:
        return np.dtype(helper.tensor_dtype_to_np_dtype(data_type))
    except KeyError:
        return None


def onnx_type(dtype: np.dtype) -> int:
    """The ONNX element type of a numpy type."""
    if dtype == np.dtype(object):
        return int(TensorProto.STRING)
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))


def packed_bytes(data_type: int, elements: int) -> int:
    """Bytes that `elements` of an ONNX type take in a file."""
    bits = _PACKED_BITS.get(TensorProto.DataType.Name(data_type))
    return elements * helper.tensor_dtype_to_np_dtype(data_type).itemsize if bits is None else -(-elements * bits // 8)


class FileValues(LazyValues):  # type: ignore[misc]  # the library has no types
    """Values that lie in a file, read when they are first asked for; shared by copies of a stored tensor."""

    def __init__(self, file: Mapped, offset: int, dtype: np.dtype, shape: tuple[int, ...]) -> None:
        self.file, self.offset, self.dtype, self.shape = file, offset, dtype, shape
        self.nbytes = math.prod(shape) * dtype.itemsize
        self._loaded: np.ndarray | None = None

    @property
    def raw(self) -> np.ndarray:
        """The bytes, as they lie in the file."""
        return self.file.data[self.offset : self.offset + self.nbytes]

    def load(self) -> np.ndarray:
        """The values, read-only: in place where they are aligned, or else a copy, for numpy is slow without."""
        if self._loaded is None:
            aligned = self.raw.ctypes.data % self.dtype.alignment == 0
            raw = self.raw if aligned else self.file.copy(self.offset, self.nbytes)
            self._loaded = raw.view(self.dtype).reshape(self.shape)
            self._loaded.flags.writeable = False
        return self._loaded


def read_tensor(tensor: TensorProto, files: Files) -> np.ndarray | FileValues:
    """The values; those that lie in a file, and take whole bytes there, are not read yet. Raises InputError."""
    shape = tuple(tensor.dims)
    if min(shape, default=0) < 0:
        raise InputError(f"{files.where}: tensor '{tensor.name}' has a negative length in its shape {list(shape)}")
    dtype = element_type(tensor.data_type)
    if dtype is None or tensor.HasField("segment"):
        raise InputError(f"{files.where}: tensor '{tensor.name}' has element type {tensor.data_type}, unknown here")
    if tensor.data_type == TensorProto.STRING:
        return _strings(tensor, shape, files)
    needed = packed_bytes(tensor.data_type, math.prod(shape))
    if tensor.data_location == TensorProto.EXTERNAL:
        file, offset = files.find(tensor, needed)
        if not is_packed(tensor.data_type):
            return FileValues(file, offset, dtype, shape)
        return _typed(_inline(tensor, file.data[offset : offset + needed]), files)
    if tensor.HasField("raw_data") and len(tensor.raw_data) != needed:
        raise _misfit(tensor, f"needs {needed} bytes but has {len(tensor.raw_data)}", files)
    return _typed(tensor, files)


def is_packed(data_type: int) -> bool:
    """Whether the elements of an ONNX type take less than a byte each."""
    return TensorProto.DataType.Name(data_type) in _PACKED_BITS


def _inline(tensor: TensorProto, raw: np.ndarray) -> TensorProto:
    return TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims, raw_data=raw.tobytes())


def _strings(tensor: TensorProto, shape: tuple[int, ...], files: Files) -> np.ndarray:
    """An object array of bytes: strings of a model need not be UTF-8."""
    made = np.empty(len(tensor.string_data), object)
    made[:] = list(tensor.string_data)
    if made.size != math.prod(shape):
        raise _misfit(tensor, f"needs {math.prod(shape)} strings but has {made.size}", files)
    return made.reshape(shape)


def _typed(tensor: TensorProto, files: Files) -> np.ndarray:
    try:
        values: np.ndarray = numpy_helper.to_array(tensor)
    except (ValueError, TypeError) as error:
        raise _misfit(tensor, f"can't be filled: {' '.join(str(error).split())}", files) from None
    return values


def _misfit(tensor: TensorProto, what: str, files: Files) -> InputError:
    return InputError(f"{files.where}: tensor '{tensor.name}' of shape {list(tensor.dims)} {what}")


def write_tensor(tensor: gs.Constant) -> TensorProto:
    """A stored tensor in the shorter of its spellings: integers that are mostly small are shorter as varints."""
    made = head(tensor)
    if tensor.dtype == np.dtype(object):
        made.string_data.extend(v if isinstance(v, bytes) else str(v).encode() for v in tensor.values.ravel())
    elif is_shorter_as_varints(tensor):
        getattr(made, helper.tensor_dtype_to_field(made.data_type)).extend(tensor.values.ravel().tolist())
    elif math.prod(tensor.shape):
        made.raw_data = b"".join(Raw(tensor))
    return made


def head(tensor: gs.Constant) -> TensorProto:
    """A stored tensor's name, type and shape, without its data."""
    made = TensorProto(name=tensor.name, data_type=onnx_type(tensor.dtype), dims=tensor.shape)
    made.MergeFromString(note_of(tensor))
    return made


@dataclass(frozen=True, slots=True)
class Raw:
    """The bytes of a stored tensor as a file holds them, in pieces; no copy unless its array is scattered or packed.

    Pieces that lie in a file are let go of one by one.
    """

    tensor: gs.Constant

    def __len__(self) -> int:
        return size_of(self.tensor)

    def __iter__(self) -> Iterator[memoryview]:
        values = self.tensor._values
        if isinstance(values, FileValues):
            for start in range(0, values.nbytes, PIECE):
                yield values.raw[start : start + PIECE].data
                values.file.give_back(values.offset + start, PIECE)
        elif is_packed(onnx_type(self.tensor.dtype)):
            yield memoryview(numpy_helper.from_array(values).raw_data)
        else:
            yield np.ascontiguousarray(values).reshape(-1).view(np.uint8).data


def size_of(tensor: gs.Constant) -> int:
    """The bytes of a stored tensor in a file, without reading it. Strings have none that count."""
    if tensor.dtype == np.dtype(object):
        return 0
    return packed_bytes(onnx_type(tensor.dtype), math.prod(tensor.shape))


def is_shorter_as_varints(tensor: gs.Constant) -> bool:
    """Whether integers are mostly so small that seven bits a byte are fewer bytes. A negative one takes ten."""
    if tensor.dtype.kind not in "iu" or tensor.dtype.itemsize == 1:
        return False
    wide = tensor.values.ravel().astype(np.int64 if tensor.dtype.kind == "i" else np.uint64, copy=False)
    length = int(np.searchsorted(_VARINT_STEPS, wide.view(np.uint64), "right").sum()) + int(wide.size)
    return length < size_of(tensor)


def external_tensor(tensor: gs.Constant, location: str, offset: int) -> TensorProto:
    """A stored tensor whose data lie in a data file, `offset` bytes in."""
    stub = head(tensor)
    stub.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", offset), ("length", size_of(tensor))):
        stub.external_data.add(key=key, value=str(value))
    return stub
