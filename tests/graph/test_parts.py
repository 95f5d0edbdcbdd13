"""Parts of a model: they compute what the whole computes, and follow what is stored anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.errors import InputError
from onnxprune.graph import Model, Parts, finish, from_proto, normalize, save_part
from onnxprune.runtime import session
from onnxprune.runtime.run import run
from tests.oracle import build

NET = """agraph (float[2,4] x, float[2,4] unused) => (float[2,3] y) <float[4,5] a, float[5,3] b, float[4,7] c>
{ h = MatMul(x, a)  r = Relu(h)  other = MatMul(unused, c)  p = Tanh(other)  y = MatMul(r, b) }"""
BRANCHES = """agraph (float[2,4] x, bool flag) => (float[2,4] y) <float[4,4] a, float[4,4] b>
{ h = MatMul(x, a)  t = Tanh(h)
  i = If(flag) <then_branch = one () => (float[2,4] u) { u = Relu(t) },
                else_branch = two () => (float[2,4] v) { v = MatMul(t, b) }>
  y = Neg(i) }"""
X = np.random.default_rng(0).standard_normal((2, 4)).astype(np.float32)


def _model(text: str = NET, ir: int | None = None) -> Model:
    proto = build(text)
    if ir is not None:
        proto.ir_version = ir
        proto.graph.input.extend(
            onnx.helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in proto.graph.initializer
        )
    return normalize(from_proto(proto))


def _run(data: bytes | Path, **feeds: np.ndarray) -> dict[str, np.ndarray]:
    opened = session(data)
    wanted = {value.name for value in opened.get_inputs()}
    return run(opened, {name: values for name, values in feeds.items() if name in wanted})


def test_a_part_makes_what_the_whole_makes() -> None:
    made = _run(Parts(_model()).part(["r", "h", "r"]), x=X, unused=X)
    a = build(NET).graph.initializer[0]
    expected = X @ onnx.numpy_helper.to_array(a)
    assert list(made) == ["r", "h"]
    np.testing.assert_allclose(made["h"], expected, rtol=1e-5)


def test_a_part_has_no_node_and_no_weight_that_it_does_not_need() -> None:
    graph = onnx.load_from_string(Parts(_model()).part(["r"])).graph
    assert [node.op_type for node in graph.node] == ["MatMul", "Relu"]
    assert [tensor.name for tensor in graph.initializer] == ["a"]


def test_what_is_stored_anew_counts() -> None:
    parts = Parts(_model())
    parts.store("a", np.zeros((4, 5), np.float32))
    assert not _run(parts.part(["h"]), x=X, unused=X)["h"].any()
    parts.store("a", np.ones((4, 5), np.float32))
    np.testing.assert_allclose(
        _run(parts.part(["h"]), x=X, unused=X)["h"], X.sum(axis=1, keepdims=True) + np.zeros(5), rtol=1e-5
    )


def test_bodies_take_along_what_they_read() -> None:
    part = Parts(_model(BRANCHES)).part(["i"])
    for flag in (True, False):
        assert _run(part, x=X, flag=np.array(flag))["i"].shape == (2, 4)


def test_old_models_declare_their_weights_as_inputs() -> None:
    parts = Parts(_model(ir=3))
    assert _run(parts.part(["h"]), x=X, unused=X)["h"].shape == (2, 5)
    parts.store("a", np.zeros((4, 5), np.float32))
    assert not _run(parts.part(["h"]), x=X, unused=X)["h"].any()


def test_a_model_of_any_size_is_cut_by_way_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "part.onnx"
    save_part(finish(_model()), ["r"], path)
    assert [node.op_type for node in onnx.load(path).graph.node] == ["MatMul", "Relu"]
    assert _run(path, x=X, unused=X)["r"].shape == (2, 5)
    with pytest.raises(InputError, match="no tensor 'q'"):
        save_part(finish(_model()), ["q"], path)
