"""Weights of convolutions as ONNX Runtime lays them out in blocks of b channels, and back.

A kernel with one input channel for each output, or with so few that they are read straight from a picture, is stored as
[O/b, I, H, W, b]: the outputs of a block lie together. Any other is stored as [O/b, I/b, H, W, b, b], inputs before
outputs. Both are declared with the plain shape [O, I, H, W], and channels are filled up to whole blocks with zeros.
"""

from __future__ import annotations

import numpy as np


class Unclear(Exception):  # a verdict, not an error
    """What a layout in blocks stood for can't be told; the message says why."""


def unblocked(values: np.ndarray, block: int, *, inputs: bool) -> np.ndarray:
    """A plain weight [O, I, H, W], still filled up with zeros, from one in blocks that is declared with that shape.

    inputs: whether input channels are in blocks as well. Raises Unclear where channels don't fill their blocks.
    """
    o, i, h, w = values.shape
    if o % block or (inputs and i % block):
        raise Unclear(f"{o} x {i} channels are not laid out in blocks of {block}")
    if inputs:
        parts = values.reshape(o // block, i // block, h, w, block, block).transpose(0, 5, 1, 4, 2, 3)
    else:
        parts = values.reshape(o // block, i, h, w, block).transpose(0, 4, 1, 2, 3)
    return parts.reshape(o, i, h, w)


def used(values: np.ndarray, axis: int) -> int:
    """The length of an axis without the zeros at its end."""
    others = tuple(a for a in range(values.ndim) if a != axis)
    found = np.flatnonzero((values != 0).any(axis=others))
    return int(found[-1]) + 1 if found.size else 0
