"""What a sparse weight should come close to, and how far it is from that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from onnxprune.sparse.pattern import Pattern

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Known:
    """What the dense model says of a weight besides what it reads; None where nothing is known.

    fisher: [tiles, n, n], the Fisher information of weights that lie in a tile together, in the order of
    `onnxprune.sparse.fisher.Tiles`; behind: [outputs], the mean square of what a gated linear unit makes of an output
    """

    fisher: Array | None = None
    behind: Array | None = None


NOTHING = Known()


@dataclass(frozen=True)
class Task:
    """One weight to make sparse.

    target: [outputs, inputs], the weight that is best if all of it may stay; gram: [inputs, inputs], the covariance of
    what is read (or the mean of products, where no bias makes up for means), None where nothing is known of it;
    sparsity: the fraction of zeros; damping: added to the variances, as a fraction of their mean; known: for methods
    that ask for more
    """

    target: Array
    pattern: Pattern
    sparsity: float
    gram: Array | None = None
    damping: float = 0.01
    known: Known = NOTHING

    @cached_property
    def damped(self) -> Array:
        """The covariance that errors are measured by, which has an inverse [inputs, inputs], float64.

        What never varies says nothing of the weights on it, so it gets the least that others get.
        """
        inputs = self.target.shape[1]
        if self.gram is None:
            return np.eye(inputs)
        level = float(np.trace(self.gram)) / max(inputs, 1)
        if not np.isfinite(level) or level <= 0:
            return np.eye(inputs)
        return np.asarray(self.gram + np.eye(inputs) * (self.damping * level), np.float64)

    @cached_property
    def variance(self) -> Array:
        """Of what is read [inputs], damping included."""
        return np.diagonal(self.damped).copy()

    def loss(self, weight: Array) -> float:
        """tr((W - T) G (W - T)'): the mean squared error of what the layer makes, summed over its outputs."""
        return loss_of(weight, self.target, self.damped)

    def mask(self, scores: Array, *, by_rows: bool = False, by_columns: bool = False) -> Array:
        """As of the pattern."""
        return self.pattern.mask(scores, self.sparsity, by_rows=by_rows, by_columns=by_columns)


def loss_of(weight: Array, target: Array, gram: Array) -> float:
    """tr((W - T) G (W - T)')."""
    error = np.asarray(weight, np.float64) - target
    return float(np.einsum("oi,oi->", error @ gram, error))
