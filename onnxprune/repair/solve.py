"""Least squares from moments."""

from __future__ import annotations

import numpy as np

from onnxprune.repair.observed import Observed

Array = np.ndarray


def refit(seen: Observed, damping: float) -> tuple[Array | None, Array]:
    """The weight that comes closest to the dense output, as it is stored, and what its bias gains [groups * outputs].

    No weight where others read it too: what is best for one would be wrong for them.
    """
    if seen.layer.shares:
        return None, lacking(seen)
    change = np.stack([ridge(m.cross, m.covariance, damping) for m in seen.moments])
    missing, read = (np.stack([getattr(m, name) for m in seen.moments]) for name in ("mean_a", "mean_b"))
    shift = missing - np.einsum("god,gd->go", change, read)
    return seen.layer.like_stored(seen.weight + change.reshape(seen.weight.shape)), shift.ravel()


def lacking(seen: Observed) -> Array:
    """What the bias gains where the weight stays: the mean of what is missing [groups * outputs]."""
    return np.concatenate([m.mean_a for m in seen.moments])


def ridge(cross: Array, covariance: Array, damping: float) -> Array:
    """The matrix A [a, b] that minimises E|a - A b|^2 + damping * mean variance of b * |A|^2.

    cross: [a, b]; covariance: [b, b]. Columns that never vary get no weight.
    """
    size = len(covariance)
    level = float(np.trace(covariance)) / max(size, 1)
    if not size or level <= 0 or not np.isfinite(level):
        return np.zeros_like(cross)
    damped = covariance + np.eye(size) * (damping * level)
    return np.asarray(np.linalg.solve(damped, cross.T).T)
