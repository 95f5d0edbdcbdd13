"""How far apart two sets of predicted distributions are: KL divergence and top-1 agreement."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LEAST_PROBABILITY = 1e-12
_SUM_TOLERANCE = 1e-3
_LOGIT_RANKS = (2, 3)

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Divergence:
    """Sums over rows: the KL divergence in nats, the rows with the same top class, and all rows."""

    kl: float = 0.0
    agreeing: int = 0
    rows: int = 0


def is_distribution(reference: NDArray[Any]) -> bool:
    """Whether a float output looks like classes on its last axis.

    That is [n, classes] or [n, s, classes], as logits are, or rows of probabilities at any rank; at rank 4
    the last axis of anything else is the width of an image.
    """
    if reference.dtype.kind not in "fV" or reference.ndim < 2:
        return False
    if reference.size == 0 or reference.shape[-1] == 1:
        return False
    return reference.ndim in _LOGIT_RANKS or _is_probability(np.asarray(reference, np.float64))


def divergence(reference: Matrix, other: Matrix) -> Divergence:
    """Compare [..., classes] arrays of logits, or of probabilities if the reference's rows are such.

    KL(reference || other), S. Kullback and R. Leibler, "On information and sufficiency", 1951. A logit of
    -inf is a probability of 0. A row that is no distribution in the reference (NaN or +inf in it) is left
    out; one that is none only in the other has an infinite divergence and doesn't agree.
    """
    one, two = (array.reshape(-1, array.shape[-1]) for array in (reference, other))
    if _is_probability(one):
        one, two = (np.log(np.maximum(rows, _LEAST_PROBABILITY)) for rows in (one, two))
    usable = _is_usable(one)
    one, two = one[usable], two[usable]
    sound = _is_usable(two)
    kl = np.full(len(one), np.inf)
    kl[sound] = _kl(_log_softmax(one[sound]), _log_softmax(two[sound]))
    agreeing = sound & (one.argmax(axis=1) == two.argmax(axis=1))
    return Divergence(float(kl.sum()), int(agreeing.sum()), len(one))


def _is_probability(values: Matrix) -> bool:
    sums = values.sum(axis=-1)
    return bool((values >= 0).all() and (np.abs(sums - 1) <= _SUM_TOLERANCE).all())


def _is_usable(rows: Matrix) -> NDArray[np.bool_]:
    """Rows that softmax makes a distribution of: no NaN, no +inf, not all -inf."""
    return np.asarray(np.isfinite(rows.max(axis=1)))


def _log_softmax(rows: Matrix) -> Matrix:
    shifted = rows - rows.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _kl(log_p: Matrix, log_q: Matrix) -> Matrix:
    p = np.exp(log_p)
    gaps = np.subtract(log_p, log_q, out=np.zeros_like(log_p), where=p > 0)
    return np.asarray(np.maximum((p * gaps).sum(axis=1), 0.0))
