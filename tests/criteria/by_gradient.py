"""Cases of criteria that look at gradients, worked out for a layer that hands on two calls as they are."""

from __future__ import annotations

import numpy as np

from tests.criteria.made import MLP

Array = np.ndarray

RESIDUAL = """agraph (float[1,2] x) => (float[1,2] y) <float[2,3] a, float[3,2] b>
{ h = MatMul(x, a) z = Relu(h) k = MatMul(z, b) y = Add(x, k) }"""

# What the units say on two calls, and what is made of it. All is positive, so that the activation lets it through.
SAID = np.array([[1, 2, 0], [3, 0, 6]], float)
B = np.array([[0.5, 0], [0, 0.5], [-0.5, 0.25]])
MADE = SAID @ B
CHANCES = np.exp(MADE) / np.exp(MADE).sum(1, keepdims=True)
GIVEN = {"a": SAID, "b": B}

# The slope of the cross entropy by what is made, where the labels are 0 and 1; by gates, a and b of both calls. The
# first call is (1, 0) and reads the first row of a alone, the second the other.
BACK = CHANCES - np.eye(2)
INNER = BACK @ B.T
GATES = SAID * INNER
BY_A = np.einsum("ni,nu->niu", np.eye(2), INNER * (SAID > 0))
BY_B = np.einsum("nu,nc->nuc", SAID, BACK)

CURVED = {("curvature", "a"): np.array([[1.0, 2, -3], [1, 0, -1]]), ("curvature", "b"): np.full((3, 2), 0.5)}
SHARE = (2 + 2) / 12  # a unit's of the multiply-accumulates


def _summed(by_a: Array, by_b: Array) -> tuple[Array, Array]:
    return by_a.sum(0), by_b.sum(1)


FIRST = _summed(SAID * BY_A.mean(0), B * BY_B.mean(0))
ELEMENTS = _summed(np.abs(SAID * BY_A.mean(0)), np.abs(B * BY_B.mean(0)))
MAGNITUDES = np.abs(GATES).mean(0)
FISHER = np.square(GATES).mean(0) / 2


def _mixed() -> Array:
    parts = [np.abs(w * g.mean(0) - w * w * np.square(g).mean(0) / 2) for w, g in ((SAID, BY_A), (B, BY_B))]
    return sum(_summed(*parts))


def _by_weight() -> Array:
    return sum(_summed(SAID**2 * np.square(BY_A).mean(0) / 2, B**2 * np.square(BY_B).mean(0) / 2))


def _block() -> Array:
    """Half the mean square of the sum of what went, unit after unit, the least rise first. Two calls and three units:
    two fifths of that, and three of what each would lose alone."""
    gone: list[int] = []
    scores = np.zeros(3)

    def lost(units: list[int]) -> float:
        return float(0.4 * np.square(GATES[:, units].sum(1)).mean() / 2 + 0.6 * FISHER[units].sum())

    while len(gone) < 3:
        rises = {unit: lost([*gone, unit]) - lost(gone) for unit in range(3) if unit not in gone}
        unit = min(rises, key=lambda u: rises[u])
        scores[unit] = max(rises[unit], scores.max())
        gone.append(unit)
    return scores


def _evolved() -> Array:
    def metric(weight: Array, gradient: Array) -> Array:
        norm = np.sqrt(np.square(gradient).mean(0))
        return weight**2 * (norm - norm.min()) / (norm.max() - norm.min())

    return sum(_summed(metric(SAID, BY_A), metric(B, BY_B)))


NORMS = np.sqrt(np.square(SAID).mean(0))


def _blended() -> Array:
    return (np.abs(B) * (NORMS[:, None] + 100 * np.sqrt(128 * np.square(BY_B).mean(0)))).sum(1)


def _regional() -> Array:
    """What comes out is (1, 0) and (0, 1) more than without the way round; its norm's slope is itself over its norm."""
    made = MADE + np.eye(2)
    slope = np.einsum("nu,nc->nuc", SAID, made / np.linalg.norm(made, axis=1, keepdims=True))
    return (np.abs(B) * (NORMS[:, None] + 100 * np.sqrt(np.square(slope).mean(0)))).sum(1)


def _relevance() -> Array:
    """The top class's score, in shares of what pushed it up."""
    found = []
    for said, made in zip(SAID, MADE, strict=True):
        pushed = said * np.maximum(B[:, made.argmax()], 0)
        found.append(pushed / pushed.sum() * made.max())
    return np.abs(np.mean(found, axis=0))


CASES = {
    "taylor": (MLP, GIVEN, FIRST[0] ** 2 + FIRST[1] ** 2),
    "nvit": (MLP, GIVEN, (FIRST[0] + FIRST[1]) ** 2),
    "taylor_act": (MLP, GIVEN, MAGNITUDES),
    "head_mask": (MLP, GIVEN, MAGNITUDES / np.linalg.norm(MAGNITUDES)),
    "lrp": (MLP, GIVEN, _relevance()),
    "fisher": (MLP, GIVEN, FISHER),
    "group_fisher": (MLP, GIVEN, np.square(GATES).sum(0) / SHARE),
    "fisher_block": (MLP, GIVEN, _block()),
    "weight_fisher": (MLP, GIVEN, _by_weight()),
    # traces 2, 2, -4 over two weights of a, squares 10, 4, 36; traces 1 over two of b
    "hap": (MLP, GIVEN | {"known": CURVED}, np.array([10, 4, 0]) / 2 + (B**2).sum(1) / 4),
    "obd": (MLP, GIVEN | {"known": CURVED}, np.array([1 + 9, 4 * 2, 0]) / 2 + (B**2).sum(1) / 4),
    "llm_pruner": (MLP, GIVEN, _mixed()),
    "llm_pruner_first": (MLP, GIVEN, ELEMENTS[0] + ELEMENTS[1]),
    "llm_pruner_vector": (MLP, GIVEN, np.abs(FIRST[0]) + np.abs(FIRST[1])),
    "movement": (MLP, GIVEN, -FIRST[0] - FIRST[1]),
    "gblm": (MLP, GIVEN, _blended()),
    "wandapp": (RESIDUAL, GIVEN, _regional()),
    "pruner_zero": (MLP, GIVEN, _evolved()),
    "kprune": (MLP, GIVEN, (FISHER + 2.5e-4 * np.square(B).mean(1) * NORMS**2) / SHARE),
}
