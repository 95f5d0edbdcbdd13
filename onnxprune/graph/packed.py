"""Weights kept in blocks: the arrays that a SparseMatMul node stores, and the dense weight that they stand for.

A weight W of shape [k, n] (inputs, outputs) is cut into blocks of `block` = (out, in) elements, and those without a
nonzero are left out. The arrays are the same for every processor; kernels arrange them anew when a session begins.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onnxprune.errors import InputError

Array = NDArray[Any]

_NARROW_INDEX = 2**16
"""So many places fit an index of two bytes."""
_LARGEST_GROUP = 256


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """A weight of k inputs and n outputs without (most of) its zeros.

    values:  [blocks, in, out] of the blocks of the first `out` outputs, then of the next, each in order of inputs;
             in groups: [n, ceil(k / m) * kept], for every output what its groups keep. float32 or float16, as the
             model computes, or int8 with scales
    index:   [blocks], where along the inputs a block begins, in units of `in`; uint16 or int32;
             in groups: the place of every value within its group, uint8, in the shape of `values`
    pointer: [ceil(n / out) + 1], the first block of every run of outputs, int32; None in groups
    block:   (out, in); group: (kept, m) where of m successive inputs `kept` stay for every output, else None
    scales:  [n], by which int8 values are multiplied, one for every output; None for float32
    """

    k: int
    n: int
    values: Array
    index: Array
    pointer: Array | None
    block: tuple[int, int] = (1, 1)
    group: tuple[int, int] | None = None
    scales: Array | None = None


def pack(weight: ArrayLike, block: tuple[int, int], *, int8: bool = False) -> Packed:
    """Keep the blocks of (out, in) elements with a nonzero in them.

    weight: [k, n]; what a block holds beyond its edge is zero; values of float16 stay so, others become float32.
    int8: in 255 steps for every output, symmetric around zero. Raises InputError for a weight that isn't a matrix of
    finite numbers, or a block without elements.
    """
    dense, (out, into) = _matrix(weight), block
    if out < 1 or into < 1:
        raise InputError(f"blocks of {out}x{into} elements have nothing to keep")
    k, n = dense.shape
    scales = _scales(dense) if int8 else None
    whole = _quantised(dense, scales) if scales is not None else dense
    padded = np.pad(whole, ((0, -k % into), (0, -n % out)))
    blocks = padded.reshape(-(-k // into), into, -(-n // out), out).transpose(2, 0, 1, 3)
    kept = blocks.any(axis=(2, 3))
    index = np.nonzero(kept)[1].astype(np.uint16 if kept.shape[1] <= _NARROW_INDEX else np.int32)
    pointer = np.concatenate(([0], np.cumsum(kept.sum(axis=1)))).astype(np.int32)
    values = np.ascontiguousarray(blocks[kept])
    return Packed(k, n, values if int8 else _stored(values, weight), index, pointer, (out, into), None, scales)


def pack_groups(weight: ArrayLike, group: tuple[int, int]) -> Packed:
    """Keep (kept, m): of m successive inputs at most `kept` nonzeros for every output (2:4, N:M).

    weight: [k, n]; what the last group has beyond its edge is zero. Raises InputError where a group has more nonzeros.
    """
    dense, (kept, m) = _matrix(weight), group
    k, n = dense.shape
    if not 0 < kept <= m <= _LARGEST_GROUP:
        raise InputError(f"no group of inputs keeps {kept} of {m}: m is {_LARGEST_GROUP} at the most")
    groups = np.pad(dense, ((0, -k % m), (0, 0))).T.reshape(n, -1, m)
    if (np.count_nonzero(groups, axis=2) > kept).any():
        raise InputError(f"the weight has more than {kept} nonzeros among {m} inputs of an output")
    order = np.argsort(groups == 0, axis=2, kind="stable")[:, :, :kept]
    index = np.sort(order, axis=2)
    values = np.take_along_axis(groups, index, axis=2)
    rows, values = (n, -1), _stored(values, weight)
    return Packed(k, n, values.reshape(rows), index.astype(np.uint8).reshape(rows), None, (1, 1), (kept, m))


def unpack(packed: Packed) -> Array:
    """The dense weight, [k, n] float32.

    Raises InputError where the arrays contradict each other: they may come from a file.
    """
    values = packed.values.astype(np.float32)
    try:
        dense = _from_groups(packed, values) if packed.group else _from_blocks(packed, values)
    except (ValueError, IndexError) as error:
        raise InputError(f"a packed weight of {packed.k} x {packed.n} has arrays that don't fit ({error})") from None
    return dense if packed.scales is None else dense * packed.scales.astype(np.float32)


def _from_blocks(packed: Packed, values: Array) -> Array:
    out, into = packed.block
    runs, steps = -(-packed.n // out), -(-packed.k // into)
    pointer = np.asarray(packed.pointer, np.int64)
    if pointer.shape != (runs + 1,) or pointer[0] or pointer[-1] != len(values) or (np.diff(pointer) < 0).any():
        raise ValueError("the pointers don't count the blocks")
    index = packed.index.astype(np.int64)
    if index.min(initial=0) < 0:
        raise ValueError("an index is negative")
    blocks = np.zeros((runs, steps, into, out), np.float32)
    blocks[np.repeat(np.arange(runs), np.diff(pointer)), index] = values.reshape(-1, into, out)
    return np.ascontiguousarray(blocks.transpose(1, 2, 0, 3).reshape(steps * into, runs * out)[: packed.k, : packed.n])


def _from_groups(packed: Packed, values: Array) -> Array:
    kept, m = packed.group or (1, 1)
    groups = np.zeros((packed.n, -(-packed.k // m), m), np.float32)
    places = (*groups.shape[:2], kept)
    np.put_along_axis(groups, packed.index.astype(np.int64).reshape(places), values.reshape(places), axis=2)
    return np.ascontiguousarray(groups.reshape(packed.n, -1).T[: packed.k])


def _stored(values: Array, weight: ArrayLike) -> Array:
    return values.astype(np.float16) if np.asarray(weight).dtype == np.float16 else values


def _matrix(weight: ArrayLike) -> Array:
    dense = np.asarray(weight, np.float32)
    if dense.ndim != 2 or not dense.size or not np.isfinite(dense).all():
        raise InputError(
            f"a weight of shape {list(dense.shape)} can't be packed: that takes a matrix of finite numbers"
        )
    return dense


def _scales(dense: Array) -> Array:
    most = np.abs(dense).max(axis=0)
    steps = np.asarray(most / 127, np.float32)
    return np.asarray(np.where(steps > 0, steps, 1), np.float32)


def _quantised(dense: Array, scales: Array) -> Array:
    return np.asarray(np.clip(np.rint(dense / scales), -127, 127), np.int8)
