"""What was learned goes back into the file; what wasn't stays byte for byte."""

import ml_dtypes
import numpy as np
import onnx
import pytest
import torch

from onnxprune.errors import InputError
from onnxprune.graph import Model, all_stored, from_proto, to_proto
from onnxprune.lift import lift, write_back
from tests.lift.comparing import model
from tests.oracle import build

DENSE = """g ({t}[2,4] x) => ({t}[2,3] y) <{t}[4,6] a, {t}[6] c, {t}[6,3] b> {{ h = MatMul(x, a) k = Add(h, c)
    y = MatMul(k, b) }}"""
QUANTISED = """g (float[2,4] x) => (float[2,3] y) <float s = {0.05}, uint8 p = {128}, int8[4,3] w, float[3] scale,
    int8[3] z> { q = QuantizeLinear(x, s, p) d = DequantizeLinear(q, s, p) v = DequantizeLinear <axis =
    1> (w, scale, z) y = MatMul(d, v) }"""
SHARED = "g (float[2,4] x) => (float[2,4] y) <float[4,4] w> { h = MatMul(x, w) k = Relu(h) y = MatMul(k, w) }"
BRANCHES = """g (float[2,4] x, bool c) => (float[2,3] y) <float[3] b> { h = If (c) <then_branch = one () =>
    (float[2,3] u) <float[4,3] w> { u = MatMul(x, w) }, else_branch = two () => (float[2,3] v)
    <float[4,3] z> { v = MatMul(x, z) }> y = Add(h, b) }"""
ROUNDS = """g (float[2,4] x) => (float[2,4] y) <int64 n = {3}, bool t = {1}> { y = Loop (n, t, x) <body = r
    (int64 i, bool k, float[2,4] s) => (bool o, float[2,4] e) <float[4,4] w> { e = MatMul(s, w) o =
    Identity(k) }> }"""
MODELS = {
    **{name: DENSE.format(t=name) for name in ("float", "float16", "bfloat16", "double")},
    "quantised": QUANTISED, "shared": SHARED, "branches": BRANCHES, "rounds": ROUNDS,
}  # fmt: skip


def _model(name: str) -> Model:
    made = from_proto(_proto(name))
    made.header.metadata_props.add(key="who", value="a test")
    return made


def _proto(name: str) -> onnx.ModelProto:
    return build(MODELS[name])


def _bytes(given: Model) -> bytes:
    return bytes(to_proto(given).SerializeToString(deterministic=True))


@pytest.mark.parametrize("name", MODELS)
def test_what_was_not_trained_is_the_same_byte_for_byte(name: str) -> None:
    given = _model(name)
    before = _bytes(given)
    module = lift(given)
    assert dict(module.named_parameters())
    assert write_back(module, given) == 0
    assert _bytes(given) == before


@pytest.mark.parametrize("name", MODELS)
def test_only_what_changed_is_written(name: str) -> None:
    given = _model(name)
    before = {t.name: np.array(t.values) for t in all_stored(given)}
    module = lift(given)
    label, parameter = next(iter(module.named_parameters()))
    with torch.no_grad():
        parameter.add_(0.25)
    assert write_back(module, given) == 1
    after = {t.name: np.asarray(t.values) for t in all_stored(given)}
    assert [k for k in before if before[k].tobytes() != after[k].tobytes()] == [label]
    assert all(before[k].dtype == after[k].dtype and before[k].shape == after[k].shape for k in before)
    assert [(p.key, p.value) for p in to_proto(given).metadata_props] == [("who", "a test")]


@pytest.mark.parametrize(("name", "dtype"), [("float16", np.float16), ("bfloat16", ml_dtypes.bfloat16)])
def test_halves_are_rounded_to_halves(name: str, dtype: type) -> None:
    """1 + 2^-9 isn't a number of bfloat16 (8 bits), 1 + 2^-12 not one of float16 (11 bits): both become 1."""
    given = _model(name)
    module = lift(given)
    parameter = dict(module.named_parameters())["c"]
    assert parameter.dtype == torch.float32
    with torch.no_grad():
        parameter.fill_(1 + (2**-12 if name == "float16" else 2**-9))
    assert write_back(module, given) == 1
    (written,) = [t.values for t in all_stored(given) if t.name == "c"]
    assert written.dtype == dtype
    assert written.astype(np.float64).tolist() == [1.0] * 6


def test_integers_move_by_whole_steps_and_stay_inside_their_type() -> None:
    given = _model("quantised")
    module = lift(given)
    (before,) = [np.array(t.values) for t in all_stored(given) if t.name == "w"]
    parameter = dict(module.named_parameters())["w"]
    with torch.no_grad():
        parameter.fill_(0.002 * 3)
        parameter[0, 0] = 100.0
        parameter[0, 1] = 0.002 * 0.4
    assert write_back(module, given) == 1
    (after,) = [np.asarray(t.values) for t in all_stored(given) if t.name == "w"]
    expected = before + np.int8(3)
    expected[0, 0], expected[0, 1] = 127, before[0, 1]
    assert after.tolist() == expected.tolist()


def test_another_shape_is_refused() -> None:
    module = lift(_model("float"))
    other = model("g (float[2,5] x) => (float[2,6] y) <float[5,6] a> { y = MatMul(x, a) }")
    with pytest.raises(InputError, match=r"'a' is \[5, 6\] in the file and \[4, 6\] in training"):
        write_back(module, other)


def test_branches_may_give_a_name_twice() -> None:
    given = model(BRANCHES.replace("z", "w"))
    module = lift(given)
    matrices = [t for t in all_stored(given) if t.name != "b"]
    assert set(dict(module.named_parameters())) == {"b", *(t.name for t in matrices)}
    assert len({t.name for t in matrices}) == 2
    with torch.no_grad():
        for number, tensor in enumerate(matrices):
            module._parameters[tensor.name].fill_(number)
    assert write_back(module, given) == 2
    assert [float(np.asarray(t.values).mean()) for t in matrices] == [0.0, 1.0]
    bias = module._parameters["b"]
    assert bias is not None
    for condition in (True, False):
        made = module({"x": torch.ones(2, 4), "c": torch.tensor(condition)})["y"]
        assert torch.allclose(made, bias + (0.0 if condition else 4.0))
