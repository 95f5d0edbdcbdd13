"""Quantising by ONNX Runtime: what becomes whole numbers, what stays, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.calibration import Data, Quantisation, open_data, quantise
from onnxprune.errors import InputError
from onnxprune.runtime import compare_models, input_specs, session
from tests.cli.conftest import FREE_BATCH
from tests.nets import CNN
from tests.oracle import build

OLD = CNN.replace("agraph", '<ir_version: 7, opset_import: ["": 11]> agraph', 1)
NORMALISED = """agraph (float[1,3,8,8] x) => (float[1,8,8,8] y)
<float[8,3,3,3] a, float[8] scale, float[8] shift, float[8] mean, float[8] var>
{
  h = Conv<pads=[1,1,1,1]>(x, a)
  y = BatchNormalization(h, scale, shift, mean, var)
}"""
BETWEEN = """agraph (float[batch,8] x) => (float[batch,6] y)
<float[8,16] a, float[16] scale, float[16,6] b, float[1,6] c>
{
  h = MatMul(x, a)
  t = Tanh(h)
  u = Mul(t, scale)
  y = Gemm(u, b, c)
}"""
BODIES = """agraph (float[2,8] x) => (float[2,4] y) <float[8,4] a, float[8,4] b>
{
  mean = ReduceMean<keepdims=0>(x)
  zero = Constant<value = float {0.0}>()
  up = Greater(mean, zero)
  y = If (up) <
    then_branch = left () => (float[2,4] p) { p = MatMul(x, a) },
    else_branch = right () => (float[2,4] q) { q = MatMul(x, b) }
  >
}"""
NOTHING = """agraph (float[1,8] x) => (float[1,8] y)
{
  y = Erf(x)
}"""


def file(folder: Path, text: str = CNN) -> Path:
    onnx.save(build(text), folder / "model.onnx")
    return folder / "model.onnx"


def data(model: Path, samples: int = 16) -> Data:
    like = {
        s.name: np.zeros([d if isinstance(d, int) else 1 for d in s.shape], "f4") for s in input_specs(session(model))
    }
    return open_data("random", input_specs(session(model)), samples=samples, like=like)


def stored(model: Path) -> dict[str, int]:
    """How many stored numbers there are of each type."""
    found: dict[str, int] = {}
    for tensor in onnx.load(model).graph.initializer:
        array = onnx.numpy_helper.to_array(tensor)
        found[str(array.dtype)] = found.get(str(array.dtype), 0) + array.size
    return found


@pytest.mark.parametrize("text", [CNN, FREE_BATCH])
@pytest.mark.parametrize(
    ("setting", "given"),
    [
        (Quantisation(), True),
        (Quantisation(per_channel=True, activations="int8"), True),
        (Quantisation(reduce_range=True, weights="uint8"), True),
        (Quantisation(), False),
        (Quantisation(mode="dynamic"), True),
    ],
)
def test_weights_become_bytes_and_answers_stay(tmp_path: Path, text: str, setting: Quantisation, given: bool) -> None:
    model, out = file(tmp_path, text), tmp_path / "out.onnx"
    calls = data(model)
    found = quantise(model, out, setting, calls if given else None)
    before, after = stored(model), stored(out)
    weights = sum(onnx.numpy_helper.to_array(t).size for t in onnx.load(model).graph.initializer if len(t.dims) > 1)
    assert after.get(found.weights, 0) >= weights and after.get("float32", 0) < before["float32"] / 8
    assert found.mode == (setting.mode or ("static" if given else "dynamic"))
    assert (found.data is not None) == (found.mode == "static") and sum(found.nodes.values()) >= 2
    worst = compare_models(model, out, feeds_list=calls).worst
    assert worst.cosine > 0.99 and 0 < worst.relative < 0.2  # another model, but not by much
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.onnx", "out.onnx"]


def test_what_is_protected_stays_as_it_is(tmp_path: Path) -> None:
    model, out = file(tmp_path), tmp_path / "out.onnx"
    found = quantise(model, out, Quantisation(protect=("b", "nothing*")), data(model))
    assert found.warnings == ("protect: 'nothing*' matches no weight and no node that uses one",)
    assert found.nodes["Conv"] == 2
    kept = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(out).graph.initializer}
    (dense,) = (onnx.numpy_helper.to_array(t) for t in onnx.load(model).graph.initializer if t.name == "b")
    assert any(array.shape == dense.shape and np.array_equal(array, dense) for array in kept.values())


def test_only_some_operators(tmp_path: Path) -> None:
    model, out = file(tmp_path), tmp_path / "out.onnx"
    assert quantise(model, out, Quantisation(ops=("Gemm",)), data(model)).nodes == {"Gemm": 1}
    assert stored(out)["int8"] == 960 + 1  # the weight of the last layer, and its zero point


def test_what_lies_between_weights_stays_in_floats_unless_said(tmp_path: Path) -> None:
    model, out = file(tmp_path, BETWEEN), tmp_path / "out.onnx"
    assert quantise(model, out, Quantisation(), data(model)).nodes == {"Gemm": 1, "MatMul": 1}
    assert "Mul" in quantise(model, out, Quantisation(ops=("all",)), data(model)).nodes


@pytest.mark.parametrize("bias", ["float[1,6] c", "float[6] c", "float[1] c", "float[1,1] c"])
def test_scales_per_channel_whatever_form_a_bias_has(tmp_path: Path, bias: str) -> None:
    model, out = file(tmp_path, BETWEEN.replace("float[1,6] c", bias)), tmp_path / "out.onnx"
    assert quantise(model, out, Quantisation(per_channel=True), data(model)).nodes == {"Gemm": 1, "MatMul": 1}
    scales = [onnx.numpy_helper.to_array(t) for t in onnx.load(out).graph.initializer if t.name.endswith("_scale")]
    assert {array.shape for array in scales} == {(), (16,), (6,)}
    assert compare_models(model, out, feeds_list=data(model)).worst.cosine > 0.99


def test_what_is_quantised_already_stays_as_it_is(tmp_path: Path) -> None:
    model, first, second = file(tmp_path), tmp_path / "first.onnx", tmp_path / "second.onnx"
    quantise(model, first, Quantisation(ops=("Conv",)), data(model))
    assert quantise(first, second, Quantisation(), data(model)).nodes == {"Gemm": 1}
    assert compare_models(model, second, feeds_list=data(model)).worst.cosine > 0.99
    with pytest.raises(InputError, match=r"nothing in the model can be quantised: no node .* has a weight in floats"):
        quantise(second, tmp_path / "third.onnx", Quantisation(), data(model))


def test_a_normalisation_is_folded_first(tmp_path: Path) -> None:
    model, out = file(tmp_path, NORMALISED), tmp_path / "out.onnx"
    found = quantise(model, out, Quantisation(), data(model))
    assert found.nodes == {"Conv": 1} and "BatchNormalization" not in {n.op_type for n in onnx.load(out).graph.node}
    with pytest.raises(InputError, match="nothing in the model can be quantised"):  # what was folded is protected too
        quantise(model, out, Quantisation(protect=("a",)), data(model))


def test_weights_in_a_file_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "away").mkdir()
    model, out = tmp_path / "away" / "model.onnx", tmp_path / "out.onnx"
    onnx.save(build(CNN), model, save_as_external_data=True, location="model.bin", size_threshold=64)
    quantise(model, out, Quantisation(), data(model))
    assert compare_models(model, out, feeds_list=data(model)).worst.cosine > 0.99
    assert [path.name for path in tmp_path.glob("*.*")] == ["out.onnx"]


@pytest.mark.parametrize(
    ("setting", "given", "text"),
    [
        (Quantisation(mode="static"), False, "static quantisation needs data to find ranges on"),
        (Quantisation(mode="both"), True, "no mode of quantisation 'both'; there are static, dynamic"),
        (Quantisation(weights="int4"), True, "no type 'int4' to quantise to; there are int8, uint8"),
        (Quantisation(ops=("Con",)), True, "static quantisation knows no operator 'Con'; did you mean Conv"),
        (Quantisation(activations="int8"), False, "dynamic quantisation knows no activations of int8"),
        (Quantisation(activations="int8", weights="uint8"), True, "no products of int8 activations with uint8 weights"),
        (Quantisation(ops=("Softmax",)), True, "nothing in the model can be quantised"),
    ],
)
def test_what_cant_be_is_refused(tmp_path: Path, setting: Quantisation, given: bool, text: str) -> None:
    model = file(tmp_path)
    with pytest.raises(InputError, match=text):
        quantise(model, tmp_path / "out.onnx", setting, data(model) if given else None)
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]


def test_models_that_cant_be_are_refused(tmp_path: Path) -> None:
    model = file(tmp_path, OLD)
    with pytest.raises(InputError, match="need opset 13, and the model has 11"):
        quantise(model, tmp_path / "out.onnx", Quantisation(per_channel=True), data(model))
    model = file(tmp_path, NOTHING)
    with pytest.raises(InputError, match="nothing in the model can be quantised"):
        quantise(model, tmp_path / "out.onnx", Quantisation(), data(model))


def test_weights_in_bodies_are_left_alone(tmp_path: Path) -> None:
    model = file(tmp_path, BODIES)
    with pytest.raises(InputError, match="has a weight in floats outside of the bodies of others, which"):
        quantise(model, tmp_path / "out.onnx", Quantisation(), data(model))


def test_the_same_bytes_whatever_sets_are_ordered_by(tmp_path: Path) -> None:
    model = file(tmp_path)
    code = (
        "import sys; from pathlib import Path; from tests.calibration.test_quantising import data;"
        "from onnxprune.calibration import Quantisation, quantise; model = Path(sys.argv[1]);"
        "quantise(model, Path(sys.argv[2]), Quantisation(), data(model))"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        place = str(tmp_path / f"{seed}.onnx")
        subprocess.run([sys.executable, "-c", code, str(model), place], check=True, env=environment)
    assert (tmp_path / "1.onnx").read_bytes() == (tmp_path / "2.onnx").read_bytes()
