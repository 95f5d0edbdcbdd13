"""Random weights in the patterns that are measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from onnxprune.graph import Packed, pack, pack_groups, unpack

Array = np.ndarray


@dataclass(frozen=True)
class Form:
    """block: (outputs, inputs), or None for 2:4, which has half zeros."""

    name: str
    block: tuple[int, int] | None
    zeros: float
    int8: bool = False


FORMS = (
    *(Form(f"{out}x1", (out, 1), zeros) for out in (64, 32, 16, 8) for zeros in (0.8, 0.9, 0.95)),
    Form("2:4", None, 0.5),
    *(Form("32x4:int8", (32, 4), zeros, int8=True) for zeros in (0.8, 0.9)),
)


def weight(form: Form, k: int, n: int, dtype: type[np.floating], seed: int = 0) -> tuple[Packed, Array]:
    """The packed weight and its dense form [k, n] in float32, which is what it was rounded to."""
    rng = np.random.default_rng(seed)
    dense = rng.standard_normal((k, n)).astype(np.float32) / np.sqrt(k).astype(np.float32)
    if form.block is None:
        order = np.argsort(np.abs(dense.T.reshape(n, -1, 4)), axis=2)
        groups = dense.T.reshape(n, -1, 4).copy()
        np.put_along_axis(groups, order[:, :, :2], 0, axis=2)
        packed = pack_groups(groups.reshape(n, k).T.astype(dtype), (2, 4))
        return packed, unpack(packed)
    out, into = form.block
    stays = rng.random((-(-k // into), -(-n // out))) >= form.zeros
    mask = stays.repeat(into, 0).repeat(out, 1)[:k, :n]
    packed = pack((dense * mask).astype(dtype), form.block, int8=form.int8)
    return packed, unpack(packed)
