"""Optimal brain where layers are special: depthwise, recurrent, none at all; and errors weighed by what they do."""

from __future__ import annotations

import numpy as np
import pytest

from onnxprune.calibration import collect, layers
from onnxprune.coupling import analyze
from onnxprune.criteria import score
from onnxprune.criteria.propagated import SAMPLES
from tests.criteria.made import A, B, only_group
from tests.filled import filled

UNREAD = """agraph (float[1,2] x, float[1,2] z) => (float[1,1] y) <float[2,3] a, float[2,3] b>
{ h = MatMul(x, a) k = MatMul(z, b) t = Transpose<perm=[1,0]>(k) y = MatMul(h, t) }"""


def test_what_no_layer_reads_is_scored_by_its_share_of_the_weights() -> None:
    analysis, group = only_group(UNREAD, a=A, b=B)
    found = score(analysis, [group], "obs")[group.id]
    np.testing.assert_allclose(found, score(analysis, [group], "l2")[group.id] ** 2 / (A**2 + B.T**2).sum())


class Numb:
    """Trials in which one group does nothing to the outputs, and another all there is."""

    sizes = {"a[1]": 3, "b[1]": 3, "c[1]": 3}  # noqa: RUF012

    def tell(self, _: str) -> None: ...

    def loss(self, gates: dict[str, np.ndarray], samples: int) -> float:
        assert samples == SAMPLES
        return {"a[1]": 0.0, "b[1]": 1.0, "c[1]": np.inf}[next(iter(gates))]


def test_a_group_that_does_nothing_to_the_outputs_is_not_for_nothing() -> None:
    chain = """agraph (float[1,3] x) => (float[1,3] y) <float[3,3] a, float[3,3] b, float[3,3] c, float[3,3] d>
    { h = MatMul(x, a) r = Relu(h) k = MatMul(r, b) s = Relu(k) m = MatMul(s, c) t = Relu(m) y = MatMul(t, d) }"""
    values = {name: np.eye(3) + 1 for name in "abcd"}
    model = filled(chain, **values)
    analysis = analyze(model.graph, model.opsets)
    calls = [{"x": row[None]} for row in np.eye(3, dtype=np.float32)]
    seen = collect(lambda: filled(chain, **values), analysis, calls, pairs=True, threads=1)
    groups = [g for g in analysis.prunable if g.id in Numb.sizes]
    plain, weighed = (
        score(analysis, groups, name, activations=seen, trials=Numb())  # type: ignore[arg-type]
        for name in ("obs", "obs_loss")
    )
    rates = {g.id: float((weighed[g.id] / plain[g.id]).mean()) for g in groups}
    assert 0 < rates["a[1]"] < rates["b[1]"] / 100 and np.isfinite(rates["c[1]"])


DEPTHWISE = """agraph (float[1,2,4,4] x) => (float[1,1,2,2] y) <float[3,2,1,1] a, float[3,1,3,3] d, float[1,3,1,1] c>
{ h = Conv(x, a) k = Conv<group=3>(h, d) y = Conv(k, c) }"""


def test_channels_of_a_depthwise_convolution_are_each_on_their_own() -> None:
    """Nothing in it can take over for a channel: its share of the variance is lost, with the damping on top."""
    random = np.random.default_rng(3)
    shapes = {"a": (3, 2, 1, 1), "d": (3, 1, 3, 3), "c": (1, 3, 1, 1)}
    values = {name: random.standard_normal(shape) for name, shape in shapes.items()}
    model = filled(DEPTHWISE, **values)
    analysis = analyze(model.graph, model.opsets)
    (group,) = [g for g in analysis.prunable if g.size == 3]
    calls = [{"x": random.standard_normal((1, 2, 4, 4)).astype(np.float32)} for _ in range(5)]
    known = collect(lambda: filled(DEPTHWISE, **values), analysis, calls, pairs=True)
    depthwise, last = (layer for layer in layers(analysis) if layer.node.inputs[1].name in "dc")
    lost = (values["d"] ** 2).sum(axis=(1, 2, 3)) * known[depthwise].variance
    behind = values["c"].ravel()
    inverse = np.linalg.inv(known[last].covariance + np.eye(3) * 0.01 * np.trace(known[last].covariance) / 3)
    made = behind @ known[last].covariance @ behind
    first = 1.01 * lost / lost.sum() + behind**2 / np.diag(inverse) / made
    found = score(analysis, [group], "obs", activations=known)[group.id]
    assert found.argmin() == first.argmin() and found.min() == pytest.approx(first.min(), rel=1e-5)


LSTM = """agraph (float[2,1,2] x) => (float[2,1,2] y)
<float[1,12,2] w, float[1,12,3] r, int64[1] one = {1}, float[3,2] b>
{ h = LSTM<hidden_size=3>(x, w, r) s = Squeeze(h, one) y = MatMul(s, b) }"""


def test_what_a_recurrent_node_reads_of_itself_counts() -> None:
    """By the squares of its weights: nobody knows what could be made up for."""
    random = np.random.default_rng(4)
    values = {"w": random.standard_normal((1, 12, 2)), "r": random.standard_normal((1, 12, 3)), "b": np.ones((3, 2))}
    model = filled(LSTM, **values)
    analysis = analyze(model.graph, model.opsets)
    (group,) = [g for g in analysis.prunable if g.size == 3]
    calls = [{"x": random.standard_normal((2, 1, 2)).astype(np.float32)} for _ in range(9)]
    known = collect(lambda: filled(LSTM, **values), analysis, calls, pairs=True)
    found = score(analysis, [group], "obs", activations=known)[group.id]
    w, r = (values[name].reshape(4, 3, -1) ** 2 for name in "wr")
    squares = w.sum(axis=(0, 2)) + r.sum(axis=(0, 2)) + r.sum(axis=(0, 1))
    behind = found - squares / squares.sum()
    (layer,) = [layer for layer in layers(analysis) if layer in known]
    covariance = known[layer].covariance
    inverse = np.linalg.inv(covariance + np.eye(3) * 0.01 * np.trace(covariance) / 3)
    assert behind.min() == pytest.approx((1 / np.diag(inverse)).min() / covariance.sum(), rel=1e-4)
