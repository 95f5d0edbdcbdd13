"""Representatives: a unit matters where its weights say what no mixture of the others' can."""

from __future__ import annotations

import numpy as np

from onnxprune.calibration import Activation, Layer
from onnxprune.coupling import Group
from onnxprune.criteria.magnitude import l2
from onnxprune.criteria.registry import Context, Needs, criterion
from onnxprune.criteria.units import finite, per_unit

Array = np.ndarray

RATE = 0.01
"""Of its sum: where the mixture changes by less, it has converged (the authors' value)."""

MOST_ROUNDS = 100


@criterion("kcm", Needs.MOMENTS, aggregate="mean")
def kcm(context: Context, group: Group) -> Array:
    """What others can't represent, times norm on data (Nova et al. 2023, "Gradient-Free Structured Pruning", R2D2).

    Kernelised convex masking (KCM): K holds the Gaussian kernel of all pairs of columns that read units, C starts as
    all equal, and C <- C sqrt(K / (K C)), entry by entry, until its sum settles; the diagonal of C says how much of a
    column only it can say. That times the norm of the unit on data over the mean norm, both averaged over a unit's
    columns. The paper has no public code: this follows a public re-implementation, in which the kernel has width 1.
    Here it is as wide as the root mean square distance of columns, which in small BERTs is near 1: in a layer of much
    larger weights every column would be alone, and the weights would say nothing.
    """
    found = [_ranks(group.size, *reader) for reader in context.readers(group)]
    return context.aggregated(found) if found else l2(context, group)


def _ranks(size: int, layer: Layer, labels: Array, seen: Activation) -> Array:
    parts = finite(layer.weight())  # [groups, outputs, columns, taps]
    alone = np.concatenate([representation(part.transpose(1, 0, 2).reshape(part.shape[1], -1)) for part in parts])
    norms = per_unit(size, labels, np.sqrt(seen.square), mean=True)
    return np.asarray(per_unit(size, labels, alone, mean=True) * norms / max(float(norms.mean()), 1e-30))


def representation(rows: Array) -> Array:
    """How much of every row [rows, values] only the row itself represents: between 0 and 1."""
    squares = np.einsum("ij,ij->i", rows, rows)
    gaps = np.maximum(squares[:, None] + squares[None, :] - 2 * rows @ rows.T, 0)
    pairs = max(len(rows) * (len(rows) - 1), 1)
    np.fill_diagonal(gaps, 0)
    kernel = np.exp(-gaps / max(float(gaps.sum(dtype=np.float64)) / pairs, float(np.finfo(np.float32).tiny)))
    mixture = np.full_like(kernel, 1 / len(rows))
    total = float(len(rows))
    for _ in range(MOST_ROUNDS):
        mixture *= np.sqrt(kernel / np.maximum(kernel @ mixture, np.finfo(np.float32).tiny))
        before, total = total, float(mixture.sum(dtype=np.float64))
        if abs(total - before) < RATE * before:
            break
    return np.asarray(np.diag(mixture), np.float64)
