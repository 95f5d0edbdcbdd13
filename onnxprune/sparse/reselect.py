"""Other places for the zeros of n:m, group by group: of all masks of a group the one that loses least.

A change of one group of one output changes the loss by a quadratic in its m numbers, so every mask can be tried by
least squares (as ARMOR does, Liu et al. 2025). Several groups that change at once do so regardless of each other: only
those that gain most do, and whoever asks for it looks at what came out.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from onnxprune.sparse.pattern import Pattern

Array = np.ndarray

MOST_MASKS = 100
"""Of one group; patterns that have more keep their places."""


def moved(core: Array, slope: Array, high: Array, front: Array, pattern: Pattern, share: float) -> Array | None:
    """The core [outputs, inputs] with some of the groups that would gain on other places; None where none would.

    slope: half of what the loss falls by for every number of it; high: [outputs], front: [inputs, inputs]: the loss's
    second order is that of output i times `front`; share: of the groups that gain, those that do most
    """
    size, kept = pattern.inputs, pattern.kept
    if not kept or core.shape[1] % size or comb(size, kept) > MOST_MASKS:
        return None
    masks = np.array(list(combinations(range(size), kept)))
    groups, slopes = (matrix.reshape(len(core), -1, size) for matrix in (core, slope))
    steep = np.maximum(high, 1e-30)[:, None, None]
    curves = _own(front, size)
    wanted = slopes / steep + np.einsum("rgi,gij->rgj", groups, curves)  # what normal equations have on their right
    inverses = np.linalg.inv(curves[:, masks[:, :, None], masks[:, None, :]])
    values = np.einsum("gcij,rgcj->rgci", inverses, wanted[:, :, masks])
    won = np.einsum("rgci,rgci->rgc", values, wanted[:, :, masks])
    best = won.argmax(axis=2)
    now = 2 * np.einsum("rgi,rgi->rg", groups, wanted) - np.einsum("rgi,gij,rgj->rg", groups, curves, groups)
    gain = (np.take_along_axis(won, best[..., None], 2)[..., 0] - now) * steep[..., 0]
    row, group = _most(gain, _changed(groups, masks, best), share)
    if not len(row):
        return None
    made, mask = groups.copy(), best[row, group]
    made[row, group] = 0
    made[row[:, None], group[:, None], masks[mask]] = values[row, group, mask]
    return made.reshape(core.shape)


def _own(front: Array, size: int) -> Array:
    """The part of every group with itself [groups, size, size]."""
    count = len(front) // size
    return front.reshape(count, size, count, size)[np.arange(count), :, np.arange(count)]


def _changed(groups: Array, masks: Array, best: Array) -> Array:
    """Whether the best mask of a group is another than that it has [rows, groups]."""
    there = np.zeros((len(masks), groups.shape[2]), bool)
    np.put_along_axis(there, masks, True, axis=1)
    return np.asarray(((groups != 0) & ~there[best]).any(axis=2))


def _most(gain: Array, changed: Array, share: float) -> tuple[Array, Array]:
    """Rows and groups of those that gain most, a share of all that would."""
    gain = np.where(changed & np.isfinite(gain), gain, 0)
    count = int(np.ceil(share * (gain > 0).sum()))
    chosen = np.argsort(-gain, axis=None, kind="stable")[:count]
    row, group = np.unravel_index(chosen, gain.shape)
    return row, group
