"""Gradients through torch: the same as differences in ONNX Runtime, collected once, and refused in a word."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.calibration import Data, Gradients, Trials
from onnxprune.errors import InputError
from onnxprune.graph import Model, from_proto, normalize
from onnxprune.pruning import Options, Target, optimize
from onnxprune.pruning.slopes import gradients
from onnxprune.rewrite import open_gated
from tests.oracle import build

CONV = """agraph (float[n,2,5,5] x) => (float[n,3] y)
<float[6,2,3,3] a, float[6] bias, float[4,6,1,1] b, float[4,3] c>
{ h = Conv(x, a, bias) r = Relu(h) k = Conv(r, b) t = Tanh(k)
  m = GlobalAveragePool(t) f = Flatten(m) y = MatMul(f, c) }"""
GROUPS = ("a[0]", "b[0]")
SERIES = """agraph (float[n,4] x) => (float[n,1] y) <float[4,6] a, float[6,5] b, float[5,1] c>
{ h = MatMul(x, a) r = Relu(h) k = MatMul(r, b) t = Tanh(k) y = MatMul(t, c) }"""

SHAPES = {CONV: (2, 5, 5), SERIES: (4,)}


def _source(text: str) -> Model:
    return normalize(from_proto(build(text)))


def _data(text: str, rows: int = 3) -> Data:
    """Three calls of so many samples."""
    values = np.random.default_rng(0).standard_normal((3, rows, *SHAPES[text])).astype(np.float32)
    return Data("x", "", (rows,) * 3, lambda call: {"x": values[call]}, {"x": 0})


def _slopes(text: str, groups: tuple[str, ...], data: Data) -> Gradients:
    return gradients(lambda: _source(text), lambda: data, groups)


@pytest.mark.parametrize(("text", "groups"), [(CONV, GROUPS), (SERIES, ("a[1]", "b[1]"))])
def test_gradients_by_gates_are_differences_of_trials(text: str, groups: tuple[str, ...]) -> None:
    data = _data(text)
    found = _slopes(text, groups, data)("gates")
    trials = Trials(lambda: open_gated(lambda: _source(text), groups, 1), lambda: data)
    for group in groups:
        assert found[group].shape == (9, trials.sizes[group])
        for unit in range(trials.sizes[group]):
            gates = [np.ones(trials.sizes[group]) for _ in range(2)]
            gates[0][unit], gates[1][unit] = 1.005, 0.995
            up, down = (trials.surprise({group: gate}) for gate in gates)
            assert found[group][:, unit].mean() == pytest.approx((up - down) / 0.01, rel=0.01, abs=2e-4)


def test_weights_times_gradients_are_gates_where_all_is_linear() -> None:
    """What reads a unit is the gate of it, weight by weight."""
    found, weights = _slopes(SERIES, ("b[1]",), _data(SERIES)), _stored(SERIES)
    by_gate, by_weight = found("gates")["b[1]"].mean(0), (found("mean")["c"] * weights["c"]).sum(1)
    np.testing.assert_allclose(by_gate, by_weight, rtol=1e-5)


def test_drawn_labels_tell_the_fisher_information() -> None:
    """Half of the mean square of a gradient is the rise of the squared error, which is exact where all is linear."""
    data, weights = _data(SERIES, 40), _stored(SERIES)
    found = _slopes(SERIES, ("b[1]",), data)("gates_fisher")["b[1]"]
    x = np.concatenate([data[i]["x"] for i in range(3)])
    said = np.tanh(np.maximum(x @ weights["a"], 0) @ weights["b"]) * weights["c"][:, 0]
    expected = np.square(said).mean(0) / np.square(said.sum(1)).mean()
    assert np.square(found).mean(0) == pytest.approx(expected, rel=0.5)
    assert np.square(found).mean() == pytest.approx(expected.mean(), rel=0.2)


def test_the_curvature_of_a_square() -> None:
    """Twice by c, |x c - y|^2 / 2 over the mean of y^2 is x x' over that, here 4, 1 and 0 for one call in three."""
    text = "agraph (float[1,3] x) => (float[1,1] y) <float[3,1] c> { y = MatMul(x, c) }"
    rows = np.diag([2, 1, 0]).astype(np.float32)
    data = Data("x", "", (1,) * 3, lambda call: {"x": rows[call : call + 1]})
    found = _slopes(text, (), data)("curvature")["c"]
    level = np.square(rows @ _stored(text)["c"]).mean()
    np.testing.assert_allclose(found.ravel(), np.array([4, 1, 0]) / 3 / level, rtol=1e-5)


def _stored(text: str) -> dict[str, np.ndarray]:
    return {t.name: onnx.numpy_helper.to_array(t) for t in build(text).graph.initializer}


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    model, data = tmp_path / "model.onnx", tmp_path / "data.npz"
    onnx.save(build(CONV), model)
    np.savez(data, x=np.random.default_rng(0).standard_normal((40, 2, 5, 5)).astype(np.float32))
    return model, data


def _options(data: Path, criterion: str = "taylor") -> Options:
    return Options(Target("macs", 0.6), criterion=criterion, calibration=str(data), repair="none", align=1, bench=False)


def test_the_main_job_collects_once(files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, data = files
    result = optimize(model, tmp_path / "one.onnx", _options(data))
    assert result.proof.status == "proved"
    monkeypatch.setattr("onnxprune.pruning.slopes._run", lambda *_: pytest.fail("was made again"))
    optimize(model, tmp_path / "two.onnx", _options(data))
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()


def test_progress_is_told(files: tuple[Path, Path], tmp_path: Path) -> None:
    told: list[str] = []
    optimize(files[0], tmp_path / "one.onnx", _options(files[1], "taylor_act"), told.append)
    assert any("gradients of sample 1 of " in line for line in told)


def test_without_torch(files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    message = r"a criterion by gradients needs torch, which isn't installed: pip install 'onnxprune\[torch\]'"
    with pytest.raises(InputError, match=message):
        optimize(files[0], tmp_path / "one.onnx", _options(files[1]))
