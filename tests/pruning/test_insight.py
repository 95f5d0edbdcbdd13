"""The main job with methods that ask for more than what layers read: gradients, and what gates make."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from onnxprune.calibration import Data
from onnxprune.errors import InputError
from onnxprune.graph import from_proto, normalize
from onnxprune.pruning import Options, Result, Target, optimize
from onnxprune.pruning.slopes import by_sample, gradients
from onnxprune.sparse import Pattern
from tests.oracle import build

NET = """agraph (float[n,8] x) => (float[n,4] y)
<float[8,32] first, float[32,48] gate, float[32,48] up, float[48,32] down, float[32,4] last>
{
  h = MatMul(x, first)
  r = Relu(h)
  g = MatMul(r, gate)
  s = Sigmoid(g)
  i = Mul(g, s)
  u = MatMul(r, up)
  z = Mul(i, u)
  m = MatMul(z, down)
  t = Tanh(m)
  y = MatMul(t, last)
}"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    onnx.save(build(NET), tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


@pytest.fixture
def data(tmp_path: Path) -> str:
    np.savez(tmp_path / "calib.npz", x=np.random.default_rng(0).standard_normal((64, 8)).astype(np.float32))
    return str(tmp_path / "calib.npz")


def _run(source: Path, method: str, name: str = "out.onnx", more: str = "pattern=4x1", **options: Any) -> Result:
    one = f"sparsify{{sparsity=0.5,least=1000,share=even,method={method},{more}}}"
    return optimize(source, source.parent / name, Options(passes=options.pop("passes", [one]), bench=False, **options))


def _weights(path: Path) -> dict[str, np.ndarray]:
    return {t.name: numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}


@pytest.mark.parametrize("repair", ["", "none"])
@pytest.mark.parametrize("method", ["obert", "dass"])
def test_proved_and_done_again(source: Path, data: str, method: str, repair: str) -> None:
    result = _run(source, method, calibration=data, repair=repair)
    assert result.proof.status == "proved" and not result.warnings
    assert {(e["initializer"], e["method"]) for e in result.plan.sparse} == {
        (n, method) for n in ("gate", "up", "down")
    }
    for name in ("gate", "up", "down"):
        blocks = Pattern.parse("4x1").summed(_weights(result.output)[name].T != 0)
        assert abs(np.mean(blocks == 0) - 0.5) < 0.02
    plan = source.parent / "plan.json"
    plan.write_text(result.plan.to_json())
    how = Options(plan=plan, calibration=data, repair=repair, bench=False)
    again = optimize(source, source.parent / "again.onnx", how)
    assert again.output.read_bytes() == result.output.read_bytes() and not again.warnings


def test_after_units_are_gone(source: Path, data: str) -> None:
    passes = ["channels", "sparsify{pattern=4x1,sparsity=0.5,least=500,method=obert}"]
    result = _run(source, "obert", passes=passes, calibration=data, target=Target("macs", 0.7))
    assert result.proof.status == "proved" and result.plan.groups and result.plan.sparse


def test_halves_and_convolutions(tmp_path: Path) -> None:
    net = """agraph (float16[n,8,6,6] x) => (float16[n,4] y)
    <float16[32,8,3,3] a, float16[48,32,3,3] b, float16[32,48,1,1] c, float16[32,4] last>
    { h = Conv(x, a) r = Relu(h) k = Conv(r, b) t = Tanh(k) m = Conv(t, c) s = Tanh(m)
      g = GlobalAveragePool(s) f = Flatten(g) y = MatMul(f, last) }"""
    onnx.save(build(net), tmp_path / "half.onnx")
    pictures = np.random.default_rng(0).standard_normal((24, 8, 6, 6)).astype(np.float16)
    np.savez(tmp_path / "calib.npz", x=pictures)
    plain, made = (
        _run(tmp_path / "half.onnx", method, f"{method}.onnx", calibration=str(tmp_path / "calib.npz"), repair="none")
        for method in ("magnitude", "obert")
    )
    assert made.proof.status == "proved" and [e["initializer"] for e in made.plan.sparse] == ["b", "c"]
    for name in "bc":
        weight, other = _weights(made.output)[name], _weights(plain.output)[name]
        assert weight.dtype == np.float16 and abs(np.mean(weight == 0) - 0.5) < 0.02
        assert ((weight != 0) != (other != 0)).any()


def test_gradients_choose_and_move(source: Path, data: str) -> None:
    """Other weights than magnitude, of other values than before."""
    found = {m: _weights(_run(source, m, f"{m}.onnx", "order=false", calibration=data, repair="none").output)
             for m in ("obert", "magnitude")}  # fmt: skip
    dense = _weights(source)
    for name in ("gate", "up", "down"):
        made, plain = found["obert"][name], found["magnitude"][name]
        assert ((made != 0) != (plain != 0)).any()
        assert (made[made != 0] != dense[name][made != 0]).mean() > 0.1


def test_gates_leave_what_stays_as_it_is(source: Path, data: str) -> None:
    made, dense = (_weights(path) for path in (
        _run(source, "dass", more="pattern=unstructured,order=false", calibration=data, repair="none").output, source
    ))  # fmt: skip
    for name in ("gate", "up"):
        np.testing.assert_array_equal((made[name] == 0).mean(axis=1), 0.5)  # of every input alike
        np.testing.assert_array_equal(made[name][made[name] != 0], dense[name][made[name] != 0])
    np.testing.assert_array_equal((made["down"] == 0).mean(axis=0), 0.5)  # of every output alike


def test_without_data_gradients_are_those_of_made_up_inputs(source: Path) -> None:
    result = _run(source, "obert")
    assert result.proof.status == "proved" and any("random inputs" in text for text in result.warnings)


def test_labels_are_what_the_loss_is_of(source: Path, data: str, tmp_path: Path) -> None:
    """Of classes that are told, and of those that the model would say."""
    x = np.load(data)["x"]
    np.savez(tmp_path / "labelled.npz", x=x, label=np.arange(len(x)) % 4)
    how = {"more": "pattern=4x1,order=false", "repair": "none"}
    told = _run(source, "obert", "told.onnx", calibration=str(tmp_path / "labelled.npz"), labels="label", **how)
    drawn = _run(source, "obert", "drawn.onnx", calibration=data, **how)
    first, second = (_weights(result.output) for result in (told, drawn))
    assert any(((first[name] != 0) != (second[name] != 0)).any() for name in ("gate", "up", "down"))


def test_without_torch(source: Path, data: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said before anything is done; the other methods need none."""
    plan = source.parent / "plan.json"
    plan.write_text(_run(source, "obert", calibration=data).plan.to_json())
    monkeypatch.setitem(sys.modules, "torch", None)
    message = r"making weights sparse by gradients needs torch, which isn't installed: pip install 'onnxprune\[torch\]'"
    again: dict[str, Any] = {"passes": [], "plan": plan}
    for how in ({}, again):
        with pytest.raises(InputError, match=message):
            _run(source, "obert", "second.onnx", calibration=data, **how)
    assert not (source.parent / "second.onnx").exists()
    assert _run(source, "dass", calibration=data).proof.status == "proved"


def test_gradients_sample_by_sample_are_those_that_are_added_up() -> None:
    values = np.random.default_rng(0).standard_normal((3, 4, 8)).astype(np.float32)
    data = Data("x", "", (4,) * 3, lambda call: {"x": values[call]}, {"x": 0})
    load = lambda: normalize(from_proto(build(NET)))  # noqa: E731
    found = list(by_sample(load, lambda: data)(["up", "first"]))
    assert len(found) == 12 and all(set(one) == {"up", "first"} for one in found)
    assert not list(by_sample(load, lambda: data)(["none of that name"]))
    whole = gradients(load, lambda: data, ())("fisher")
    for name in ("up", "first"):
        mean = np.mean([np.square(one[name]) for one in found], axis=0)
        np.testing.assert_allclose(mean, whole[name], rtol=1e-4, atol=1e-9)
