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
    change = ridge(seen.cross, seen.covariance, damping)
    shift = seen.missing - np.einsum("god,gd->go", change, seen.read)
    return seen.layer.like_stored(seen.weight + change.reshape(seen.weight.shape)), shift.ravel()


def lacking(seen: Observed) -> Array:
    """What the bias gains where the weight stays: the mean of what is missing [groups * outputs]."""
    return seen.missing.ravel()


def ridge(cross: Array, covariance: Array, damping: float) -> Array:
    """The matrix A [..., a, b] that minimises E|a - A b|^2 + damping * mean variance of b * |A|^2.

    cross: [..., a, b]; covariance: [..., b, b]; leading axes are a stack, each solved for itself. Where no column ever
    varies the matrix is zero.
    """
    size = covariance.shape[-1]
    level = np.trace(covariance, axis1=-2, axis2=-1) / max(size, 1)
    sound = np.isfinite(level) & (level > 0)
    damped = covariance + np.eye(size) * (damping * level)[..., None, None]
    safe = np.where(sound[..., None, None], damped, np.eye(size))
    wanted = np.where(sound[..., None, None], cross, 0)
    return np.asarray(np.linalg.solve(safe, wanted.swapaxes(-1, -2)).swapaxes(-1, -2))
