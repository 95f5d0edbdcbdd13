"""Every criterion against a case computed by hand."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from onnxprune.calibration import collect
from onnxprune.coupling import Analysis, Group, analyze
from onnxprune.coupling.terms import Atom, Product, Sum
from onnxprune.criteria import Needs, criteria, get, project, score
from onnxprune.errors import InputError
from onnxprune.graph import Model, from_proto, normalize
from tests.oracle import build

MLP = """agraph (float[1,2] x) => (float[1,2] y) <float[2,3] a, float[3,2] b>
{ h = MatMul(x, a) z = Relu(h) y = MatMul(z, b) }"""
NORMED = """agraph (float[1,1,4,4] x) => (float[1,1,4,4] y)
<float[3,1,1,1] a, float[3] scale, float[3] shift, float[3] mean, float[3] var, float[1,3,1,1] b>
{ h = Conv(x, a) n = BatchNormalization(h, scale, shift, mean, var) y = Conv(n, b) }"""

A = np.array([[1, -2, 0], [2, 0, 0]], np.float32)
B = np.array([[2, 0], [0, 1], [-4, 0]], np.float32)


# With this in place of a, and the rows of the unit matrix for x, the units are (1, 2, 0) and (3, 0, 6): means 2, 1, 3,
# variances 1, 1, 9, mean squares 5, 2, 18.
SEEN = np.array([[1, 2, 0], [3, 0, 6]], np.float32)
CALLS = [{"x": row[None]} for row in np.eye(2, dtype=np.float32)]


def _model(text: str, **values: np.ndarray) -> Model:
    proto = build(text)
    for tensor in proto.graph.initializer:
        if tensor.name in values:
            array = values[tensor.name].reshape(tuple(tensor.dims)).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    return normalize(from_proto(proto))


def _analysis(text: str, **values: np.ndarray) -> tuple[Analysis, Group]:
    model = _model(text, **values)
    analysis = analyze(model.graph, model.opsets)
    (group,) = analysis.prunable
    return analysis, group


def _scores(name: str, text: str = MLP, **values: np.ndarray) -> np.ndarray:
    values = {"a": A, "b": B} | values
    analysis, group = _analysis(text, **values)
    seen = None
    if get(name).needs > Needs.WEIGHTS:
        seen = collect(lambda: _model(text, **values), analysis, CALLS, pairs=True, threads=1)
    return score(analysis, [group], name, activations=seen)[group.id]


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


def _l1() -> np.ndarray:
    return _scores("l1")


CASES = {
    # columns of a: (1, 2), (-2, 0), (0, 0); rows of b: (2, 0), (0, 1), (-4, 0)
    "l1": (MLP, {}, [3 + 2, 2 + 1, 0 + 4]),
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
    "cfsp": (MLP, {"a": SEEN}, np.sqrt([5, 2, 18])),
    # mean products of units (5 1 9, 1 2 0, 9 0 18) times those of rows of b (4 0 -8, 0 1 0, -8 0 16): 20 0 -72, 0 2 0,
    # -72 0 288. Units 1, 0 and 2 go, in this order; the sum of it all is the mean square of what b makes.
    "thinet": (MLP, {"a": SEEN}, np.array([20, 2, 288 - 2 * 72]) / (20 + 2 + 288 - 2 * 72)),
    "obs": (MLP, {"a": SEEN}, _saliency()),
    "bn_scale": (NORMED, {"a": np.ones(3), "b": np.ones(3), "scale": np.array([-3, 1, 2])}, [3, 1, 2]),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_by_hand(name: str) -> None:
    text, values, expected = CASES[name]
    np.testing.assert_allclose(_scores(name, text, **values), expected, rtol=1e-5)


BRANCHES = """agraph (float[1,2,3,3] x) => (float[1,4,3,3] y, float[1,2,3,3] w)
<float[6,2,1,1] a, float[4,3,1,1] b, float[2,6,1,1] c>
{ h = Conv(x, a) z = Relu(h) y = Conv <group = 2> (z, b) w = Conv(z, c) }"""


def test_thinet_adds_up_to_what_all_readers_lack() -> None:
    """A grouped convolution and another one: a unit is a channel in each group. All is positive: no rise is below 0."""
    random = np.random.default_rng(0)
    values = {"a": random.random((6, 2)), "b": random.random((4, 3)), "c": random.random((2, 6))}
    calls = [{"x": random.random((1, 2, 3, 3), np.float32)} for _ in range(2)]
    analysis, group = _analysis(BRANCHES, **values)
    seen = collect(lambda: _model(BRANCHES, **values), analysis, calls, pairs=True, threads=1)
    scores = score(analysis, [group], "thinet", activations=seen)[group.id]

    units = np.arange(6) % 3
    assert group.size == 3
    read = np.concatenate([call["x"].reshape(2, -1) for call in calls], axis=1).T @ values["a"].T
    grouped = np.kron(np.eye(2), np.ones((2, 3))) * np.tile(values["b"], 2)
    total = 0.0
    for unit in np.argsort(scores):
        total += scores[unit]
        gone = scores[units] <= scores[unit]
        lacking = [
            np.mean((read[:, gone] @ w.T[gone]) ** 2) / np.mean((read @ w.T) ** 2) for w in (grouped, values["c"])
        ]
        assert total == pytest.approx(sum(lacking), rel=1e-4)


def test_thinet_takes_units_that_cancel_out_together() -> None:
    """All units say the same. The second goes first, then the first, which makes up for it, and the third at last."""
    same, weights = np.array([[1, 1, 1], [2, 2, 2]]), np.array([[3, 0], [-2, 0], [4, 0]])
    first, second, third = _scores("thinet", a=same, b=weights)
    assert second < first < third
    assert first == pytest.approx(second)  # nothing is paid for it: the error falls


def test_random_follows_the_seed() -> None:
    analysis, group = _analysis(MLP)
    one, same, other = (score(analysis, [group], "random", seed)[group.id] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_every_criterion_has_a_case() -> None:
    assert {c.name for c in criteria()} == set(CASES) | {"random"}
    assert all(c.summary.endswith((".", ").")) or "(" in c.summary for c in criteria())


def test_bn_scale_without_a_normalisation_is_the_norm() -> None:
    np.testing.assert_allclose(_scores("bn_scale"), _scores("l2"))


def test_unknown_criterion() -> None:
    with pytest.raises(InputError, match=r"no criterion 'l3'; there are .*l1.*l2"):
        _scores("l3")


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
        np.testing.assert_allclose(_scores("l1", biased, c=np.array([0, 0, loud])), CASES["l1"][2])


def test_scores_are_finite_for_zero_weights() -> None:
    zero = np.zeros((2, 3), np.float32)
    for entry in criteria():
        assert np.isfinite(_scores(entry.name, a=zero, b=np.zeros((3, 2), np.float32))).all()


def test_opset_of_the_text() -> None:
    assert isinstance(build(MLP), onnx.ModelProto)


UNREAD = """agraph (float[1,2] x, float[1,2] z) => (float[1,1] y) <float[2,3] a, float[2,3] b>
{ h = MatMul(x, a) k = MatMul(z, b) t = Transpose<perm=[1,0]>(k) y = MatMul(h, t) }"""


def test_what_no_layer_reads_is_scored_by_its_share_of_the_weights() -> None:
    analysis, group = _analysis(UNREAD, a=A, b=B)
    found = score(analysis, [group], "obs")[group.id]
    np.testing.assert_allclose(found, score(analysis, [group], "l2")[group.id] ** 2 / (A**2 + B.T**2).sum())
