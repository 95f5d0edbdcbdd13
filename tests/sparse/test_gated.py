"""Gated linear units: found in graphs of several spellings, nowhere else, and what DaSS makes of them."""

from __future__ import annotations

import numpy as np
import pytest

from onnxprune.calibration import layers
from onnxprune.coupling import analyze
from onnxprune.graph import Model, from_proto, normalize
from onnxprune.repair import Work
from onnxprune.sparse import Pattern, Task, Wanted, get, sparsify
from onnxprune.sparse.gated import gates
from onnxprune.sparse.insight import Insight
from onnxprune.sparse.task import Known
from tests.oracle import build

SWIGLU = """agraph (float[n,8] x) => (float[n,8] y) <float[8,6] a, float[8,6] b, float[6,8] c>
{ g = MatMul(x, a)  s = Sigmoid(g)  i = Mul(g, s)  u = MatMul(x, b)  z = Mul(i, u)  y = MatMul(z, c) }"""
SPLIT = """agraph (float[n,8] x) => (float[n,8] y) <float[8,12] a, int64[2] parts = {6, 6}, float[6,8] c>
{ h = MatMul(x, a)  g, u = Split<axis=1>(h, parts)  i = Relu(g)  z = Mul(i, u)  y = MatMul(z, c) }"""
CONV = """agraph (float[n,4,5,5] x) => (float[n,3,5,5] y) <float[6,4,1,1] a, float[6,4,1,1] b, float[3,6,1,1] c>
{ g = Conv(x, a)  s = Sigmoid(g)  u = Conv(x, b)  z = Mul(s, u)  y = Conv(z, c) }"""
SWISH = """agraph (float[n,8] x) => (float[n,8] y) <float[8,6] a, float[6,8] c>
{ g = MatMul(x, a)  s = Sigmoid(g)  z = Mul(g, s)  y = MatMul(z, c) }"""
EXCITED = """agraph (float[n,4,5,5] x) => (float[n,3,5,5] y) <float[6,4,1,1] a, float[6,6,1,1] b, float[3,6,1,1] c>
{ u = Conv(x, a)  p = GlobalAveragePool(u)  g = Conv(p, b)  s = Sigmoid(g)  z = Mul(u, s)  y = Conv(z, c) }"""
RESIDUAL = """agraph (float[n,8] x) => (float[n,8] y) <float[8,6] a, float[8,6] b, float[6,8] c>
{ g = MatMul(x, a)  u = MatMul(x, b)  z = Add(g, u)  y = MatMul(z, c) }"""


def _model(text: str) -> Model:
    return normalize(from_proto(build(text)))


def _gates(text: str) -> dict[str, tuple[str, list[int]]]:
    model = _model(text)
    found = gates({layer.name: layer for layer in layers(analyze(model.graph, model.opsets))})
    return {name: (gate.down.name, gate.units.tolist()) for name, gate in found.items()}


@pytest.mark.parametrize("text", [SWIGLU, CONV])
def test_two_layers_on_one_tensor(text: str) -> None:
    assert _gates(text) == {"g": ("y", list(range(6))), "u": ("y", list(range(6)))}


def test_one_layer_that_is_split() -> None:
    assert _gates(SPLIT) == {"h": ("y", [*range(6), *range(6)])}


@pytest.mark.parametrize("text", [SWISH, EXCITED, RESIDUAL])
def test_what_is_none(text: str) -> None:
    """An activation that multiplies with itself, a gate that reads something else, a sum."""
    assert not _gates(text)


def test_by_hand() -> None:
    """3 and 1 on one input, 2 and 4 on the other; what the second output becomes counts 81 times as much, so its
    weights times 81 ** 0.25 = 3 beside the first's."""
    target = np.array([[4, 2.0], [1, 1]])
    task = Task(target, Pattern.parse("unstructured"), 0.5, np.diag([1, 100.0]), known=Known(behind=np.array([1, 81])))
    np.testing.assert_array_equal(get("dass").function(task), [[4, 0], [0, 1]])  # 4 > 3, 2 < 3
    two = Task(np.array([[1, 2, 3, 4.0]]), Pattern.parse("2:4"), 0.5, known=Known(behind=np.ones(1)))
    np.testing.assert_array_equal(get("dass").function(two), [[0, 0, 3, 4]])


def test_every_input_loses_the_same_share() -> None:
    target = np.random.default_rng(0).standard_normal((32, 5)) * np.arange(1, 6)
    task = Task(target, Pattern.parse("4x1"), 0.5, known=Known(behind=np.ones(32)))
    np.testing.assert_array_equal((get("dass").function(task) == 0).mean(axis=0), 0.5)


@pytest.mark.parametrize("cut", [False, True])
def test_what_is_seen_is_what_the_layer_behind_reads(cut: bool) -> None:
    model = _model(SWIGLU)
    masks = {"a[1]": np.arange(6) != 2} if cut else {}
    assert set(masks) <= {group.id for group in analyze(model.graph, model.opsets).prunable}
    data = [{"x": np.random.default_rng(i).standard_normal((7, 8), np.float32)} for i in range(3)]
    work = Work(lambda: _model(SWIGLU), masks, data, threads=1)
    insight = Insight(work, {name: (Pattern(), get("dass")) for name in "guy"})
    weights = {t.name: t.values for t in model.graph.tensors().values() if t.name in "abc"}
    x = np.concatenate([feeds["x"] for feeds in data]).astype(np.float64)
    g, u = x @ weights["a"], x @ weights["b"]
    expected = np.square(g / (1 + np.exp(-g)) * u).mean(axis=0)
    for name in "gu":
        np.testing.assert_allclose(insight(name).behind, np.delete(expected, 2) if cut else expected, rtol=1e-4)
    assert insight("y").behind is None


def test_layers_in_front_of_a_gate_go_by_it_and_the_one_behind_as_wanda() -> None:
    data = [{"x": np.random.default_rng(i).standard_normal((64, 8), np.float32)} for i in range(3)]
    work = Work(lambda: _model(SWIGLU), {}, data, threads=1)
    found = {}
    for method in ("dass", "wanda"):
        want = Wanted(Pattern(), 0.5, method)
        found[method] = sparsify(work, {"g": want, "u": want}, mend=False).weights
    assert {name: (values == 0).mean(axis=1).tolist() for name, values in found["dass"].items()} == {
        name: [0.5] * 8 for name in "ab"
    }
    assert any((found["dass"][name] != found["wanda"][name]).any() for name in "ab")
