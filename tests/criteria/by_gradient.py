"""Cases of criteria that look at gradients, worked out for a layer that hands on two calls as they are."""

from __future__ import annotations

import numpy as np

from tests.criteria.made import MLP

Array = np.ndarray

# What the units say on two calls, and what is made of it. All is positive, so that the activation lets it through.
SAID = np.array([[1, 2, 0], [3, 0, 6]], float)
B = np.array([[0.5, 0], [0, 0.5], [-0.5, 0.25]])
MADE = SAID @ B
CHANCES = np.exp(MADE) / np.exp(MADE).sum(1, keepdims=True)
GIVEN = {"a": SAID, "b": B}


def back(top: Array) -> tuple[Array, Array, Array]:
    """Gradients of both calls by the gates, by a and by b, of what goes back from the outputs [calls, classes].

    The first call is (1, 0) and reads the first row of a alone, which is what the units say on it.
    """
    inner = top @ B.T
    by_a = np.einsum("ni,nu->niu", np.eye(2), inner * (SAID > 0))
    return SAID * inner, by_a, np.einsum("nu,nc->nuc", SAID, top)


SURPRISED = CHANCES - np.eye(2)[CHANCES.argmax(1)]
"""The slope of the cross entropy with the top class for a label."""

GATES, BY_A, BY_B = back(SURPRISED)


def _taylor() -> Array:
    along_a, along_b = (SAID * BY_A.mean(0)).sum(0), (B * BY_B.mean(0)).sum(1)
    return np.square(along_a) + np.square(along_b)


MAGNITUDES = np.abs(GATES).mean(0)

CASES = {
    "taylor": (MLP, GIVEN, _taylor()),
    "taylor_act": (MLP, GIVEN, MAGNITUDES),
    "head_mask": (MLP, GIVEN, MAGNITUDES / np.linalg.norm(MAGNITUDES)),
}
