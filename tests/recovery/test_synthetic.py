"""Inputs made up from what batch normalisations store."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from onnxprune.graph import Model, from_proto
from onnxprune.lift import lift
from onnxprune.recovery import invent, synthetic
from onnxprune.recovery.synthetic import NAME, ROWS, statistics
from tests.filled import filled
from tests.oracle import build

NET = """agraph (float[n,3,8,8] x) => (float[n,4,8,8] y)
<float[6,3,3,3] a, float[6] scale_a, float[6] shift_a, float[6] mean_a, float[6] var_a,
 float[4,6,3,3] b, float[4] scale_b, float[4] shift_b, float[4] mean_b, float[4] var_b>
{ h = Conv <pads=[1,1,1,1]> (x, a) k = BatchNormalization(h, scale_a, shift_a, mean_a, var_a) r = Relu(k)
  m = Conv <pads=[1,1,1,1]> (r, b) y = BatchNormalization(m, scale_b, shift_b, mean_b, var_b) }"""


def test_what_is_stored() -> None:
    found = statistics(from_proto(build(NET)))
    assert sorted(found) == ["h", "m"]
    mean, deviation = found["h"]
    stored = {t.name: t.values for t in from_proto(build(NET)).graph.tensors().values() if hasattr(t, "values")}
    assert np.array_equal(mean, stored["mean_a"]) and np.allclose(deviation**2, stored["var_a"])


def trained() -> Model:
    """The network with the statistics of data around 2 with a deviation of 3, as after training."""
    values: dict[str, np.ndarray] = {}
    data = {"x": torch.from_numpy(np.random.default_rng(1).normal(2, 3, (64, 3, 8, 8)).astype(np.float32))}
    for name, letter in (("h", "a"), ("m", "b")):
        made = lift(filled(NET, **values))(data, keep=(name,))[name].detach().numpy()
        values[f"mean_{letter}"], values[f"var_{letter}"] = made.mean(axis=(0, 2, 3)), made.var(axis=(0, 2, 3))
    return filled(NET, **values)


def gap(x: np.ndarray) -> float:
    """How far the means of channels before the normalisations are from the stored ones, in deviations."""
    model = trained()
    stored = statistics(model)
    made = lift(model)({"x": torch.from_numpy(x)}, keep=tuple(stored))
    means = {name: made[name].detach().numpy().mean(axis=(0, 2, 3)) for name in stored}
    return float(
        np.mean([np.abs((means[name] - mean) / deviation).mean() for name, (mean, deviation) in stored.items()])
    )


def test_inputs_have_the_statistics_that_are_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nearer to them than random ones are, by far."""
    monkeypatch.setattr(synthetic, "CALLS", 1)
    told: list[str] = []
    made = invent(trained(), {"x": np.zeros((1, 3, 8, 8), np.float32)}, {"x": 0}, 0, told.append)
    assert made is not None and made.synthetic and made.name == NAME
    assert set(made.rows) == {ROWS} and made.batch == {"x": 0} and told
    assert made[0]["x"].shape == (ROWS, 3, 8, 8) and made[0]["x"].dtype == np.float32
    random = np.random.default_rng(0).standard_normal((ROWS, 3, 8, 8)).astype(np.float32)
    assert gap(made[0]["x"]) < 0.2 * gap(random)


def test_nothing_is_stored_or_nothing_can_be_changed() -> None:
    plain = """agraph (float[1,3] x) => (float[1,3] y) <float[3,3] a> { y = MatMul(x, a) }"""
    assert invent(from_proto(build(plain)), {"x": np.zeros((1, 3), np.float32)}, {}, 0, lambda _: None) is None
    assert invent(from_proto(build(NET)), {"x": np.zeros((1, 3, 8, 8), np.int64)}, {}, 0, lambda _: None) is None
