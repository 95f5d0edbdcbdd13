"""The best weight for given places of zeros: least squares on the support."""

from __future__ import annotations

import numpy as np

Array = np.ndarray

EXACT = 5e9
"""Multiplications that solving exactly may take; above, conjugate gradients."""

STEPS, TOLERANCE = 20, 1e-5
"""Of the conjugate gradients: at most, and the residual beside the first one at which they end."""


def refitted(weight: Array, target: Array, gram: Array, steps: int = STEPS) -> Array:
    """The W that minimises tr((W - T) G (W - T)') among those with zeros where `weight` has them.

    weight, target: [outputs, inputs]; gram: positive definite [inputs, inputs]. Outputs of equal support are solved
    together. Where that takes long, preconditioned conjugate gradients from `weight` come as close as `steps` allow.
    """
    from scipy import linalg  # takes longer to import than most of what doesn't need it takes to run

    support = weight != 0
    kinds, which = np.unique(np.packbits(support, axis=1), axis=0, return_inverse=True)
    sizes = np.array([support[np.argmax(which == kind)].sum() for kind in range(len(kinds))], np.float64)
    if (sizes**3 / 3 + sizes**2 * 40).sum() > EXACT:
        return conjugate_gradients(weight, target, gram, steps)
    wanted, found = target @ gram, np.zeros(weight.shape)
    for kind in range(len(kinds)):
        rows = np.flatnonzero(which.ravel() == kind)
        places = np.flatnonzero(support[rows[0]])
        if len(places):
            factor = linalg.cho_factor(gram[np.ix_(places, places)], lower=True, overwrite_a=True, check_finite=False)
            found[np.ix_(rows, places)] = linalg.cho_solve(factor, wanted[np.ix_(rows, places)].T, check_finite=False).T
    return found


def conjugate_gradients(weight: Array, target: Array, gram: Array, steps: int = STEPS) -> Array:
    """All outputs at once, each with steps of its own, preconditioned by the diagonal; no loss ever rises."""
    support, small = weight != 0, gram.astype(np.float32)
    scale = (1 / np.diagonal(gram)).astype(np.float32)
    found = weight.astype(np.float64)
    left = np.where(support, (target - found) @ gram, 0).astype(np.float32)
    way = left * scale
    size = np.einsum("oi,oi->o", left, way)
    least = size * TOLERANCE**2
    for _ in range(steps):
        if (size <= least).all():
            break
        pulled = np.where(support, way @ small, 0)
        step = _ratio(size, np.einsum("oi,oi->o", way, pulled))
        found += step * way
        left -= step * pulled
        eased = left * scale
        size, before = np.einsum("oi,oi->o", left, eased), size
        way = eased + _ratio(size, before) * way
    return found


def _ratio(above: Array, below: Array) -> Array:
    return np.asarray(np.divide(above, below, out=np.zeros_like(above), where=below > 0))[:, None]
