"""Every criterion against a case computed by hand."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from onnxprune.calibration import collect
from onnxprune.coupling import analyze
from onnxprune.coupling.terms import Atom, Product, Sum
from onnxprune.criteria import criteria, project, score
from onnxprune.errors import InputError
from tests.criteria import by_gradient
from tests.criteria.made import MLP, B, only_group, scored
from tests.filled import filled
from tests.oracle import build

NORMED = """agraph (float[1,1,4,4] x) => (float[1,1,4,4] y)
<float[3,1,1,1] a, float[3] scale, float[3] shift, float[3] mean, float[3] var, float[1,3,1,1] b>
{ h = Conv(x, a) n = BatchNormalization(h, scale, shift, mean, var) y = Conv(n, b) }"""

SQUARE = """agraph (float[1,3] x) => (float[1,3] y) <float[3,3] a, float[3,3] b>
{ h = MatMul(x, a) z = Relu(h) y = MatMul(z, b) }"""


# With this in place of a, and the rows of the unit matrix for x, the units are (1, 2, 0) and (3, 0, 6): means 2, 1, 3,
# variances 1, 1, 9, mean squares 5, 2, 18.
SEEN = np.array([[1, 2, 0], [3, 0, 6]], np.float32)
ONE = MLP.replace("float[3,2] b", "float[3,1] b").replace("float[1,2] y", "float[1,1] y")
UNEVEN = np.array([[2, 0], [0, 0.5], [-2, 1]])


def _lost(b: np.ndarray, *gone: int) -> float:
    """Mean over both calls of KL(dense || without some units), of the two classes that b makes of what is seen."""
    return _lost_under(b, np.isin(np.arange(3), gone, invert=True))


def _lost_under(b: np.ndarray, left: np.ndarray) -> float:
    """The same where there is so much of every unit."""
    hidden = SEEN.astype(float)
    dense, pruned = (made - np.log(np.exp(made).sum(1, keepdims=True)) for made in (hidden @ b, hidden * left @ b))
    return float(np.mean((np.exp(dense) * (dense - pruned)).sum(1)))


def _regressed() -> np.ndarray:
    """A sub-model lacks unit 0 or 1, never 2, which the prior says most for. Where a multiple of the prior is wanted
    that rises by as much from unit 1 to 0 as the loss, nothing is left to fit, and unit 2 has its prior's."""
    prior = np.abs(UNEVEN).sum(1) * np.sqrt([5, 2, 18])
    return prior * (_lost(UNEVEN, 0) - _lost(UNEVEN, 1)) / (prior[0] - prior[1])


def _pushed() -> np.ndarray:
    """The outputs are 2 - 2 = 0 and 6 - 24 = -18, and the loss is half of the sum of their squares over that of these.
    Its gradient by a factor of a unit is output times what the unit says, over 324, which Wanda's is multiplied by."""
    gradient = -18 * np.array([3, 0, 6]) * np.array([2, -1, -4]) / 324
    return np.abs(gradient) * np.array([2, 1, 4]) * np.sqrt([5, 2, 18])


def _saliency() -> np.ndarray:
    """Units 1, 0 and 2 go, in this order: what all that went cost once made up for, less what it was before.

    The covariance is d d' + damping; what units S cost is the sum of (b b')_SS times the inverse of (C^-1)_SS, over the
    variance of what b makes, which is the sum of b b' times d d'.
    """
    d = np.array([1, -1, 3])
    covariance = np.outer(d, d) + np.eye(3) * (0.01 * 11 / 3)
    inverse, gram, made = np.linalg.inv(covariance), B @ B.T, 4 * 1 + 1 * 1 + 16 * 9 - 2 * 8 * 3
    sets = [np.ix_(units, units) for units in ([1], [1, 0], [1, 0, 2])]
    first, second, third = (float(np.sum(gram[s] * np.linalg.inv(inverse[s]))) / made for s in sets)
    return np.array([second - first, first, third - second])


def _propagated() -> np.ndarray:
    """What least squares leave, times the loss under random signs of a quarter, over what those do to what b makes.

    The mean squares of the units are 5, 2 and 18, those of the rows of b 4, 1 and 16, over the variance in
    `_saliency`; an eighth of b has the same of all these, to scale.
    """
    signs = np.random.default_rng(0).choice([-1.0, 1.0], 3)
    error = 0.25**2 * (5 * 4 + 2 * 1 + 18 * 16) / (4 * 1 + 1 * 1 + 16 * 9 - 2 * 8 * 3)
    return _saliency() * _lost_under(B / 8, 1 + 0.25 * signs) / error


def _alone() -> np.ndarray:
    """Columns that are all as far apart: the kernel is 1/e for every pair. How much a column says of itself."""
    kernel, own, other, total = np.exp(-1.0), 1 / 3, 1 / 3, 3.0
    while True:
        mixed_own, mixed_other = own + 2 * kernel * other, kernel * own + other + kernel * other
        own, other = own * np.sqrt(1 / mixed_own), other * np.sqrt(kernel / mixed_other)
        before, total = total, 3 * own + 6 * other
        if abs(total - before) < 0.01 * before:
            return np.full(3, own)


CASES = {
    # columns of a: (1, 2), (-2, 0), (0, 0); rows of b: (2, 0), (0, 1), (-4, 0)
    "l1": (MLP, {}, [3 + 2, 2 + 1, 0 + 4]),
    # columns of a of two weights each, rows of b too
    "magnitude": (MLP, {}, [(3 / 2 + 2 / 2) / 2, (2 / 2 + 1 / 2) / 2, (0 + 4 / 2) / 2]),
    "l2": (MLP, {}, np.sqrt([5 + 4, 4 + 1, 0 + 16])),
    # squares of a over their mean 3: 5/3, 4/3, 0; of b over their mean 7: 4/7, 1/7, 16/7
    "group_l2": (MLP, {}, np.sqrt([(5 / 3 + 4 / 7) / 2, (4 / 3 + 1 / 7) / 2, (16 / 7) / 2])),
    # squares are 9, 5, 16
    "lamp": (MLP, {}, [9 / (9 + 16), 5 / (5 + 9 + 16), 16 / 16]),
    # distances between columns of a and between rows of b, over the root of the row length 2
    "geometric_median": (
        MLP,
        {},
        np.array(
            [
                np.hypot(3, 2) + np.hypot(1, 2) + np.hypot(2, 1) + 6,
                np.hypot(3, 2) + 2 + np.hypot(2, 1) + np.hypot(4, 1),
                np.hypot(1, 2) + 2 + 6 + np.hypot(4, 1),
            ]
        )
        / np.sqrt(2),
    ),
    "wanda": (MLP, {"a": SEEN}, np.array([2, 1, 4]) * np.sqrt([5, 2, 18])),
    "flap": (MLP, {"a": SEEN}, [4 * 1, 1 * 1, 16 * 9]),
    "variance": (MLP, {"a": SEEN}, [1, 1, 9]),
    # what the unit is read as is (-1, -2, 0) and (-3, 0, -6)
    "aas": (MLP.replace("Relu", "Neg"), {"a": SEEN}, [2, 1, 3]),
    "mini_gpt": (MLP.replace("Relu", "Neg"), {"a": SEEN}, [2, 1, 3]),
    "amp": (MLP.replace("Relu", "Neg"), {"a": SEEN}, [2, 1, 3]),
    # columns of a sum to 4, 2, 6, rows of b to 2, 1, 4
    "dass": (
        MLP,
        {"a": SEEN},
        np.array([4, 2, 6]) * np.power([5, 2, 18], 0.25) + np.array([2, 1, 4]) * np.sqrt([5, 2, 18]),
    ),
    # units are 1, 2 and 4 for one sample in three
    "kcm": (SQUARE, {"a": np.diag([1, 2, 4]), "b": np.eye(3)}, _alone() * np.array([1, 2, 4]) / (7 / 3)),
    # singular values 1, 2, 4. Without 2 the distributions differ by 1/3 against 1/2, without 1 or 4 by 1/3. Of 1 and 4,
    # both at a distance of 2/3, the first goes; without any of them, all is gone.
    "spectral_ks": (SQUARE, {"a": np.diag([1, 2, 4]), "b": np.eye(3)}, [2 / 3, 1 / 6, 1]),
    "cfsp": (MLP, {"a": SEEN}, np.sqrt([5, 2, 18])),
    # mean products of units (5 1 9, 1 2 0, 9 0 18) times those of rows of b (4 0 -8, 0 1 0, -8 0 16): 20 0 -72, 0 2 0,
    # -72 0 288. Units 1, 0 and 2 go, in this order; the sum of it all is the mean square of what b makes.
    "thinet": (MLP, {"a": SEEN}, np.array([20, 2, 288 - 2 * 72]) / (20 + 2 + 288 - 2 * 72)),
    "obs": (MLP, {"a": SEEN}, _saliency()),
    "obs_loss": (MLP, {"a": SEEN, "b": B / 8}, _propagated()),
    "ablation": (MLP, {"a": SEEN, "b": UNEVEN}, [_lost(UNEVEN, unit) for unit in range(3)]),
    "bonsai": (MLP, {"a": SEEN, "b": UNEVEN}, _regressed()),
    "zeroth_order": (ONE, {"a": SEEN, "b": np.array([2, -1, -4])}, _pushed()),
    "bn_scale": (NORMED, {"a": np.ones(3), "b": np.ones(3), "scale": np.array([-3, 1, 2])}, [3, 1, 2]),
} | by_gradient.CASES


@pytest.mark.parametrize("name", sorted(CASES))
def test_by_hand(name: str) -> None:
    text, values, expected = CASES[name]
    rtol = 1e-4 if name == "zeroth_order" else 1e-5  # differences of float32
    np.testing.assert_allclose(scored(name, text, **values), expected, rtol=rtol, atol=1e-12)


def test_random_follows_the_seed() -> None:
    analysis, group = only_group(MLP)
    one, same, other = (score(analysis, [group], "random", seed)[group.id] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_every_criterion_has_a_case() -> None:
    assert {c.name for c in criteria()} == set(CASES) | {"random"}
    assert all(c.summary.endswith((".", ").")) or "(" in c.summary for c in criteria())


def test_bn_scale_without_a_normalisation_is_the_norm() -> None:
    np.testing.assert_allclose(scored("bn_scale"), scored("l2"))


def test_unknown_criterion() -> None:
    with pytest.raises(InputError, match=r"no criterion 'l3'; there are .*l1.*l2"):
        scored("l3")


def test_shared_axes_are_projected() -> None:
    h, d, p = Atom(2), Atom(3), Atom(2)
    vector = np.arange(6.0)  # (h d): rows 0 1 2 and 3 4 5
    np.testing.assert_array_equal(project(Product((h, d)), vector, h), [3, 12])
    np.testing.assert_array_equal(project(Product((h, d)), vector, d), [3, 5, 7])
    twice = Sum((p, Atom(2), p))
    np.testing.assert_array_equal(project(twice, vector, p), [0 + 4, 1 + 5])
    np.testing.assert_array_equal(project(Product((h, Sum((p, Atom(1))))), vector, p), [0 + 3, 1 + 4])
    both = np.arange(4.0)  # (p p): rows 0 1 and 2 3, each number belongs to its row and to its column
    np.testing.assert_array_equal(project(Product((p, p)), both, p), [0 + 1 + 0 + 2, 2 + 3 + 1 + 3])


def test_vectors_count_only_where_there_is_no_matrix() -> None:
    biased = MLP.replace("float[2,3] a", "float[2,3] a, float[3] c").replace("Relu(h)", "Add(h, c)")
    for loud in (0.0, 100.0):
        np.testing.assert_allclose(scored("l1", biased, c=np.array([0, 0, loud])), CASES["l1"][2])


def test_scores_are_finite_for_zero_weights() -> None:
    zero = np.zeros((2, 3), np.float32)
    for entry in criteria():
        assert np.isfinite(scored(entry.name, a=zero, b=np.zeros((3, 2), np.float32))).all()


@pytest.mark.parametrize(("name", "matrix"), [("kcm", "b"), ("spectral_ks", "a")])
def test_a_weight_that_is_not_finite_spoils_no_others(name: str, matrix: str) -> None:
    weights = {"a": np.array([[1, 2, 0], [3, 1, 6]]), "b": np.array([[1, 0], [0, 3], [1, 2]])}
    for value in (np.nan, np.inf):
        broken = np.where(weights[matrix] == 2, value, weights[matrix])
        found = scored(name, **(weights | {matrix: broken}))
        assert np.isfinite(found).all() and len(set(found)) == 3


def test_opset_of_the_text() -> None:
    assert isinstance(build(MLP), onnx.ModelProto)


HEADS = """agraph (float[1,2] x) => (float[1,2] y) <float[2,4] a, float[2,1] s, int64[3] split = {1, 2, 2},
int64[2] joined = {1, 4}, float[4,2] b>
{ h = MatMul(x, a) r = Reshape(h, split) m = Mul(r, s) z = Reshape(m, joined) y = MatMul(z, b) }"""


def test_units_of_several_columns() -> None:
    """Heads (1, 2) and (0, -3) say (1, 2), (0, -3) in one sample, and (0, 2), (4, 0) in the other."""
    values = {
        "a": np.array([[1, 2, 0, -3], [0, 2, 4, 0]]),
        "s": np.ones(2),
        "b": np.array([[1, 0], [-1, 1], [2, 1], [1, 3]]),
    }
    model = filled(HEADS, **values)
    analysis = analyze(model.graph, model.opsets)
    (heads,) = [g for g in analysis.prunable if any(site.tensor.name == "s" for site in g.members)]
    calls = [{"x": row[None]} for row in np.eye(2, dtype=np.float32)]
    seen = collect(lambda: filled(HEADS, **values), analysis, calls, pairs=False, sample=True, threads=1)
    expected = {
        "aas": [(0.5 + 2) / 2, (2 + 1.5) / 2],
        "mini_gpt": [0.5 + 2, 2 + 1.5],
        # times b: (1 - 2, 2) and (-3, -9), (-2, 2) and (8, 4)
        "amp": [(1 + 2 + 2 + 2) / 2, (3 + 9 + 8 + 4) / 2],
    }
    for name, scores in expected.items():
        np.testing.assert_allclose(score(analysis, [heads], name, activations=seen)[heads.id], scores)


@pytest.mark.parametrize(
    ("name", "aggregate", "expected"),
    [
        # columns of a are worth 3, 2, 0 and rows of b 2, 1, 4
        ("l1", "mean", [2.5, 1.5, 2]),
        ("l1", "max", [3, 2, 4]),
        ("l1", "min", [2, 1, 0]),
        ("l1", "prod", [6, 2, 0]),
        ("l2", "max", np.sqrt([5, 4, 16])),
        ("group_l2", "sum", np.sqrt([5 / 3 + 4 / 7, 4 / 3 + 1 / 7, 16 / 7])),
    ],
)
def test_members_are_aggregated_as_asked(name: str, aggregate: str, expected: list[float]) -> None:
    np.testing.assert_allclose(scored(name, aggregate=aggregate), expected)


def test_readers_are_aggregated_as_asked() -> None:
    """Two layers read the units, whose norms are the roots of 5, 2 and 18."""
    text = MLP.replace("=> (float[1,2] y)", "=> (float[1,2] y, float[1,1] w)").replace("b>", "b, float[3,1] c>")
    text = text.replace("y = MatMul(z, b)", "y = MatMul(z, b) w = MatMul(z, c)")
    for aggregate, weights in {"sum": [2 + 1, 1 + 5, 4 + 2], "max": [2, 5, 4], "": [3, 6, 6]}.items():
        found = scored("wanda", text, aggregate, a=SEEN, c=np.array([1, -5, 2]))
        np.testing.assert_allclose(found, weights * np.sqrt([5, 2, 18]), rtol=1e-6)


def test_aggregations_that_make_no_sense() -> None:
    for name in ("obs", "obs_loss", "thinet", "random", "spectral_ks"):
        with pytest.raises(
            InputError, match=f"'{name}' has no values of single members to aggregate as 'max'.* l1, l2"
        ):
            scored(name, aggregate="max")
    with pytest.raises(InputError, match="no aggregation 'maximum'; did you mean max"):
        scored("l1", aggregate="maximum")


@pytest.mark.parametrize(("outputs", "inputs"), [(48, 12), (32, 48)])
def test_spectrum_stays_closer_than_by_chance(outputs: int, inputs: int) -> None:
    """A tall and a wide matrix; the scores follow the distance of what is left when all with lower ones are gone."""
    text = SQUARE.replace("[1,3]", f"[1,{inputs}]", 1).replace("3,3", f"{inputs},{outputs}", 1)
    text = text.replace("[3,3]", f"[{outputs},3]")
    random = np.random.default_rng(0)
    weight = random.standard_normal((inputs, outputs)) * random.uniform(0.2, 3, outputs)
    found = scored("spectral_ks", text, a=weight, b=np.ones((outputs, 3)))
    full = np.linalg.svd(weight, compute_uv=False)

    def apart(stay: np.ndarray) -> float:
        rest = np.linalg.svd(weight[:, stay], compute_uv=False)
        return max(abs(np.mean(full <= p + 1e-6) - np.mean(rest <= p + 1e-6)) for p in np.concatenate([full, rest]))

    order = np.argsort(found)
    exact = [apart(order[k + 1 :]) for k in range(outputs - 1)]
    chance = [np.mean([apart(random.permutation(outputs)[k + 1 :]) for _ in range(20)]) for k in range(outputs - 1)]
    assert np.mean(exact) < 0.85 * np.mean(chance)
    assert np.abs(np.maximum.accumulate(exact) - np.sort(found)[:-1]).mean() < 0.1  # predicted to first order
