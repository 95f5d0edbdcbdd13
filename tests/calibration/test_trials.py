"""Losses of masked models: one session, other gates."""

from __future__ import annotations

import numpy as np
import pytest

from onnxprune.calibration import Data, Opened, Trials
from onnxprune.graph import from_proto, normalize
from onnxprune.rewrite import open_gated
from onnxprune.runtime.loss import Loss
from tests.oracle import build
from tests.rewrite.small import masked, run, stored

NET = """agraph (float[n,4] x) => (float[n,1] y) <float[4,6] a, float[6,5] b, float[5,1] c>
{ h = MatMul(x, a) r = Relu(h) k = MatMul(r, b) t = Tanh(k) y = MatMul(t, c) }"""

X = np.random.default_rng(0).standard_normal((12, 4)).astype(np.float32)
DATA = Data("x", "", (2,) * 6, lambda call: {"x": X[2 * call : 2 * call + 2]})
GONE = {"a[1]": np.array([0, 1, 1, 0, 1, 1]), "b[1]": np.array([1, 1, 0, 1, 1])}


class Source:
    """Opens the gated model, and counts how often."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> Opened:
        self.times += 1
        return open_gated(lambda: normalize(from_proto(build(NET))), ["a[1]", "b[1]"], 1)


def test_the_loss_is_that_of_the_masked_model() -> None:
    trials, meter = Trials(Source(), lambda: DATA), Loss()
    gone = {"a[1]": [0, 3], "b[1]": [2]}
    for call in DATA:
        dense, got = (run(model, x=call["x"])[0] for model in (masked(NET, {}), masked(NET, gone)))
        meter.update({"y": dense}, {"y": got})
    assert trials.loss(GONE) == pytest.approx(meter.result(), rel=1e-4)
    assert trials.loss({}) == 0
    assert trials.sizes == {"a[1]": 6, "b[1]": 5}


def test_surprise_falls_by_its_gradient() -> None:
    """All that the last layer reads times 1 + s: half of the square of the output over itself is (1 + s)^2 / 2."""
    trials = Trials(Source(), lambda: DATA)
    assert trials.surprise({"b[1]": np.full(5, 1.5)}) == pytest.approx(1.5**2 / 2, rel=1e-5)


def test_a_trial_is_made_once_and_a_session_when_it_is_needed() -> None:
    source = Source()
    trials = Trials(source, lambda: DATA)
    assert source.times == 0
    first = trials.loss(GONE)
    assert trials.loss({**GONE, "a[1]": GONE["a[1]"].astype(float)}) == first
    assert trials.loss({"a[1]": np.ones(6)}) == trials.loss({})
    assert (trials.count, source.times) == (2, 1)
    trials.release()
    assert trials.loss(GONE) == first
    assert (trials.sizes["a[1]"], source.times) == (6, 1)
    trials.loss({"a[1]": GONE["a[1]"]})
    assert (trials.count, source.times) == (3, 2)


def test_evenly_spaced_calls_as_many_as_samples_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls 0, 2 and 4 hold 6 samples; where memory is short, the first of them is all there is."""
    trials = Trials(Source(), lambda: DATA, samples=5)
    weights = stored(NET)
    expected = np.tanh(np.maximum(X @ weights["a"], 0) @ weights["b"]) @ weights["c"]
    np.testing.assert_allclose([made["y"] for made in trials.outputs({})], expected.reshape(6, 2, 1)[::2], rtol=1e-4)
    monkeypatch.setattr("onnxprune.calibration.trials.BYTES", 1)
    trials.release()
    assert len(trials.outputs({})) == 1
