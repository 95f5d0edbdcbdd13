"""Sparse stored tensors: dense in memory, where they are pruned like any other; sparse again in the file if shorter.

A file spells one as a Constant node or as a sparse initializer. It stays what it was: onnx infers no shapes behind
the latter.
"""

from __future__ import annotations

import math

import numpy as np
import onnx_graphsurgeon as gs
from onnx import SparseTensorProto, TensorProto

from onnxprune.errors import InputError
from onnxprune.graph.files import Files
from onnxprune.graph.tensors import read_tensor, write_tensor

NODE, INITIALIZER = "node", "initializer"
"""How a file spells a sparse tensor."""

LARGEST = 2**34
"""Bytes that the dense form of a sparse tensor may take: a few bytes of a file can claim any shape."""


def sparse_form(tensor: gs.Constant) -> str:
    """How a stored tensor was spelled in the file that it came from, if sparse; else ""."""
    return str(getattr(tensor, "sparse", ""))


def read_sparse(proto: SparseTensorProto, name: str, form: str, files: Files) -> gs.Constant:
    """The dense form of a sparse tensor. Raises InputError where its indices are not those of its shape."""
    shape = tuple(proto.dims)
    values = _read(proto.values, files)
    if min(shape, default=0) < 0 or not shape or values.dtype == np.dtype(object):
        raise InputError(f"{files.where}: sparse tensor '{name}' of shape {list(shape)} has no dense form")
    if math.prod(shape) * values.itemsize > LARGEST:
        raise InputError(f"{files.where}: sparse tensor '{name}' of shape {list(shape)} is too large to be made dense")
    places = _places(_read(proto.indices, files), shape)
    if places is None or values.shape != places.shape:
        raise InputError(f"{files.where}: sparse tensor '{name}' of shape {list(shape)} has indices that don't fit")
    dense = np.zeros(math.prod(shape), values.dtype)
    dense[places] = values
    tensor = gs.Constant(name, dense.reshape(shape))
    tensor.sparse = form
    return tensor


def _places(indices: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """Linear indices, of linear ones or of rows with one for every axis; None where they lie outside."""
    if indices.ndim not in (1, 2) or indices.dtype.kind not in "iu":
        return None
    rows = indices.reshape(len(indices), -1)
    lengths = np.array(shape if indices.ndim == 2 else [math.prod(shape)])
    if rows.shape[1:] != lengths.shape or ((rows < 0) | (rows >= lengths)).any():
        return None
    return np.ravel_multi_index(tuple(rows.T), tuple(lengths)) if rows.size else rows.reshape(-1)


def _read(proto: TensorProto, files: Files) -> np.ndarray:
    found = read_tensor(proto, files)
    return found if isinstance(found, np.ndarray) else found.load()


def write_sparse(tensor: gs.Constant) -> SparseTensorProto | None:
    """The sparse form of a stored tensor, with linear indices; None where the dense one is no longer."""
    flat = tensor.values.reshape(-1)
    indices = np.flatnonzero(flat != 0)
    made = SparseTensorProto(dims=tensor.shape)
    made.values.CopyFrom(write_tensor(gs.Constant(tensor.name, flat[indices])))
    made.indices.CopyFrom(write_tensor(gs.Constant("", indices.astype(np.int64))))
    return made if made.ByteSize() < write_tensor(tensor).ByteSize() else None
