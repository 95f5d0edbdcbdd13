"""Sparse weights in other forms: the same numbers."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from onnxprune.errors import InputError
from onnxprune.graph import from_bytes, from_proto, is_sparse_matmul, packed_of, spell_out, to_proto, unpack
from onnxprune.rewrite import Wrapper, wrap
from onnxprune.runtime import session
from onnxprune.runtime.run import run
from onnxprune.sparse import Pattern, check_format, emit
from tests.oracle import build

NET = """agraph (float[4,3,16] x) => (float[4,3,12] y, float[4,3,12] m)
<float[16,16] a, float[16] u, float[16,16] b, float[1,16] v, float[16,12] c, float[12] w>
{ h = MatMul(x, a)  i = Add(u, h)  r = Relu(i)  k = MatMul(r, b)  l = Add(k, v)  m = MatMul(l, c)  y = Add(m, w) }"""

GEMMS = """agraph (float[9,16] x) => (float[9,12] y)
<float[16,16] a, float[16] u, float[16,16] b, float[1] v, float[16,12] c>
{ h = Gemm <transB=1, alpha=0.5> (x, a, u)  k = Gemm <beta=2.0> (h, b, v)  y = Gemm(k, c) }"""


def _sparse(text: str, pattern: str) -> onnx.ModelProto:
    """Half of the blocks of all matrices gone."""
    proto, random = build(text), np.random.default_rng(0)
    for tensor in proto.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.ndim == 2 and values.shape[0] > 1:
            stays = Pattern.parse(pattern).mask(random.random(values.T.shape), 0.6).T
            turned = "transB" in text and tensor.name == "a"
            stays = Pattern.parse(pattern).mask(random.random(values.shape), 0.6) if turned else stays
            tensor.CopyFrom(numpy_helper.from_array(np.where(stays, values, 0).astype(np.float32), tensor.name))
    return proto


@pytest.mark.parametrize("pattern", ["4x1", "16x1", "1x8", "2:4", "unstructured"])
@pytest.mark.parametrize("text", [NET, GEMMS])
def test_packed_behind_an_op_it_says_the_same(text: str, pattern: str) -> None:
    proto = _sparse(text, pattern)
    feeds = {
        "x": np.random.default_rng(1)
        .standard_normal([d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim])
        .astype(np.float32)
    }
    wanted = run(session(proto.SerializeToString()), feeds)
    model = from_proto(proto)
    assert emit(model, dict.fromkeys("abc", Pattern.parse(pattern)), "op") == []
    made = to_proto(model)
    onnx.checker.check_model(made)
    again = from_bytes(made.SerializeToString())
    nodes = [node for node in again.graph.nodes if is_sparse_matmul(node)]
    assert len(nodes) == 3 and {n.op for n in again.graph.nodes} <= {"SparseMatMul", "Add"}
    assert spell_out(again) == 3
    for name, values in run(session(to_proto(again).SerializeToString()), feeds).items():
        np.testing.assert_allclose(values, wanted[name], rtol=1e-5, atol=1e-5)


def test_the_bias_behind_a_product_is_taken_along() -> None:
    """Where the Add is its only reader, and adds a plain vector."""
    model = from_proto(_sparse(NET, "4x1"))
    emit(model, dict.fromkeys("abc", Pattern.parse("4x1")), "op")
    assert [node.op for node in model.graph.nodes] == ["SparseMatMul", "SparseMatMul", "Add", "SparseMatMul", "Add"]
    first = model.graph.nodes[0]
    assert first.inputs[5].name == "u" and first.outputs[0].name == "r"
    assert np.count_nonzero(unpack(packed_of(first))) == packed_of(first).values.size


def test_initializers_where_they_are_shorter() -> None:
    proto = _sparse(NET, "4x1")
    model = from_proto(proto)
    dense = {t.name: numpy_helper.to_array(t) for t in proto.graph.initializer}
    c = model.graph.nodes[-2].inputs[1]
    c.values = np.where(np.arange(192).reshape(16, 12) % 9, 0, c.values)
    left = emit(model, dict.fromkeys("abc", Pattern.parse("4x1")), "initializer")
    assert left == ["a", "b"]  # 40 % of the elements, of 12 bytes each, are more than all of them
    made = to_proto(model)
    assert [t.values.name for t in made.graph.sparse_initializer] == ["c"]
    feeds = {"x": np.ones((4, 3, 16), np.float32)}
    kept = from_bytes(made.SerializeToString())
    np.testing.assert_array_equal(kept.graph.nodes[0].inputs[1].values, dense["a"])
    assert np.isfinite(run(session(made.SerializeToString()), feeds)["y"]).all()


def test_what_has_no_packed_form_stays() -> None:
    text = """agraph (float[1,4,3,3] x) => (float[1,4,3,3] y) <float[4,4,1,1] a> { y = Conv(x, a) }"""
    model = from_proto(build(text))
    assert emit(model, {"a": Pattern.parse("4x1")}, "op") == ["a"]
    assert "ai.onnxprune" not in model.opsets
    with pytest.raises(InputError, match="there are zeros, op, initializer"):
        check_format("csr")


def test_values_may_be_int8() -> None:
    """Those that are named, within half a step; the others bit by bit."""
    proto = _sparse(NET, "4x1")
    model = from_proto(proto)
    assert emit(model, dict.fromkeys("abc", Pattern.parse("4x1")), "op", {"a", "c"}) == []
    nodes = [node for node in model.graph.nodes if is_sparse_matmul(node)]
    assert [packed_of(node).values.dtype for node in nodes] == [np.int8, np.float32, np.int8]
    whole = numpy_helper.to_array(proto.graph.initializer[0])
    made = unpack(packed_of(nodes[0]))
    assert (np.abs(made - whole) <= np.abs(whole).max(axis=0) / 127 * 0.501).all() and (made[whole == 0] == 0).all()


@pytest.mark.parametrize("text", [NET, GEMMS])
def test_blocks_around_a_weight_are_packed_as_such(text: str) -> None:
    """As SparseMatMul nodes in blocks of their size; the bias is added behind the last of them."""
    proto, random = _sparse(text, "2:4"), np.random.default_rng(2)
    model = from_proto(proto)
    blocks = random.standard_normal((4, 4, 4)).astype(np.float32)
    made = wrap(model, {"a": Wrapper(blocks, blocks), "c": Wrapper(None, blocks)})
    feeds = {"x": random.standard_normal(model.graph.inputs[0].shape).astype(np.float32)}
    wanted = run(session(to_proto(model).SerializeToString()), feeds)
    names = [name for one in made.values() for name in (one.outer, one.inner) if name]
    assert emit(model, dict.fromkeys("abc", Pattern.parse("2:4")), "op", (), names) == []
    nodes = [node for node in model.graph.nodes if is_sparse_matmul(node)]
    assert {node.op for node in model.graph.nodes} <= {"SparseMatMul", "Add"}
    packed = [packed_of(node) for node in nodes]
    assert [one.group for one in packed] == [None, (2, 4), None, (2, 4), None, (2, 4)]
    assert [one.values.shape for one in packed if one.group is None] == [(4, 4, 4)] * 3
    assert nodes[2].inputs[5].shape == (16,) and len(nodes[1].inputs) == 3 + 1 - 1
    again = from_bytes(to_proto(model).SerializeToString())
    assert spell_out(again) == 6
    for name, values in run(session(to_proto(again).SerializeToString()), feeds).items():
        np.testing.assert_allclose(values, wanted[name], rtol=1e-4, atol=1e-4)
