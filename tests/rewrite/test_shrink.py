"""Stored tensors, taps and declared shapes under keep-masks."""

import ml_dtypes
import numpy as np
import onnx

from onnxprune.coupling.masks import Keep
from onnxprune.rewrite import keep_of, kept_sizes, shrink
from tests.rewrite.small import analysed, apart, draw, masked, masks_of, proof, pruned, run, shrunk, stored

CHAIN = """g (float[2,4] x) => (float[] y) <float[4,6] a, float[6] c, float[6,3] b>
{ h = MatMul(x, a) i = Add(h, c) z = Relu(i) y = MatMul(z, b) }"""


def test_every_tensor_of_a_group_keeps_the_same_units() -> None:
    model, changed = shrunk(CHAIN, {"a[1]": [0, 4]})
    dense, kept = stored(CHAIN), [1, 2, 3, 5]
    assert {name: {axis: k.tolist() for axis, k in axes.items()} for name, axes in changed.items()} == {
        "a": {1: kept},
        "c": {0: kept},
        "b": {0: kept},
    }
    left = {t.name: t.values for t in model.graph.tensors().values() if t.name in changed}
    np.testing.assert_array_equal(left["a"], dense["a"][:, kept])
    np.testing.assert_array_equal(left["c"], dense["c"][kept])
    np.testing.assert_array_equal(left["b"], dense["b"][kept])


def test_nothing_pruned_changes_nothing() -> None:
    model, analysis = analysed(CHAIN)
    before = {s.tensor.name: s.tensor.values for s in analysis.sites}
    assert shrink(model, analysis, Keep({})) == {}
    assert all(s.tensor.values is before[s.tensor.name] for s in analysis.sites)


def test_shapes_of_computed_tensors_follow() -> None:
    model, _ = shrunk(CHAIN, {"a[1]": [0, 4]})
    assert [list(n.outputs[0].shape) for n in model.graph.nodes] == [[2, 4], [2, 4], [2, 4], [2, 3]]


def test_sizes_of_stored_tensors_under_a_mask() -> None:
    _, analysis = analysed(CHAIN)
    assert kept_sizes(analysis) == {"a": (4, 6), "c": (6,), "b": (6, 3)}
    keep = keep_of(analysis, masks_of(analysis, {"a[1]": [1, 2, 3]}))
    assert kept_sizes(analysis, keep) == {"a": (4, 3), "c": (3,), "b": (3, 3)}


def test_four_bit_weights() -> None:
    text = """g (float[2,4] x) => (float[] y) <int4[4,6] a = {1, 2, 3, 4, 5, 6, 7, -1, -2, -3, -4, -5,
    1, 2, 3, 4, 5, 6, 7, -1, -2, -3, -4, -5}, float scale = {0.5}, float[6,3] b>
    { w = DequantizeLinear(a, scale) h = MatMul(x, w) y = MatMul(h, b) }"""
    _, analysis = analysed(text)
    dense = next(s.tensor.values for s in analysis.sites if s.tensor.name == "a")
    model, changed = shrunk(text, {analysis.prunable[0].id: [0, 3, 5]})
    left = next(t.values for t in model.graph.tensors().values() if t.name == "a")
    assert left.dtype == ml_dtypes.int4
    np.testing.assert_array_equal(left.astype(int), dense.astype(int)[:, [1, 2, 4]])
    assert changed["a"][1].tolist() == [1, 2, 4]


TABLE = """g (float[2,4] x) => (float[] y)
<float[4,3,5] a, float[4,3,5] b, float[3,5] t, float[3,5,2] c, float[3,5,2] d>
{ table = Cos(t)
  h = Einsum <equation = "nk,kpq->npq"> (x, a) i = Einsum <equation = "nk,kpq->npq"> (x, b)
  u = Mul(h, table) v = Mul(i, table)
  r = Einsum <equation = "npq,pqm->nm"> (u, c) s = Einsum <equation = "npq,pqm->nm"> (v, d) y = Add(r, s) }"""


def test_a_shared_table_is_cut_for_each_use_along_several_axes() -> None:
    gone = {"a[1]": [1], "a[2]": [0, 3], "b[2]": [4]}
    model, _ = shrunk(TABLE, gone)
    cuts = [(n.attrs["axis"], n.inputs[1].values.tolist()) for n in model.graph.nodes if n.op == "Gather"]
    assert sorted(cuts) == [(0, [0, 2]), (1, [0, 1, 2, 3]), (1, [1, 2, 4])]
    assert not any(n.op == "Tap" for n in model.graph.nodes)
    file = pruned(TABLE, gone)
    onnx.checker.check_model(onnx.load_from_string(file), full_check=True)
    x = draw(2, 4)
    assert apart(run(masked(TABLE, gone), x=x)[0], run(file, x=x)[0]) < 1e-6
    assert proof(TABLE, gone, file).ok


BRANCHES = """g (float[2,4] x, bool flag) => (float[2,3] y) <float[4,6] a, float[6,3] b>
{ h = MatMul(x, a)
  z = If (flag) <then_branch = t () => (float[2,6] p) { p = Relu(h) },
                else_branch = e () => (float[2,6] q) { q = Neg(h) }>
  y = MatMul(z, b) }"""


def test_what_bodies_declare_follows() -> None:
    file = onnx.load_from_string(pruned(BRANCHES, {"a[1]": [2, 5]}))
    branch = next(n for n in file.graph.node if n.op_type == "If")
    shapes = [[d.dim_value for d in a.g.output[0].type.tensor_type.shape.dim] for a in branch.attribute]
    assert shapes == [[2, 4], [2, 4]]
    onnx.checker.check_model(file, full_check=True)


LOOP = """g (float[2,4] x) => (float[2,3] y) <float[4,6] a, float[6,3] b, int64 n = {3}, bool go = {1}>
{ h = MatMul(x, a)
  z = Loop (n, go, h) <body = l (int64 i, bool c, float[2,6] s) => (bool d, float[2,6] o)
                       { d = Identity(c) o = Tanh(s) }>
  y = MatMul(z, b) }"""


def test_what_loops_carry_follows() -> None:
    gone = {"a[1]": [2, 5]}
    file = onnx.load_from_string(pruned(LOOP, gone))
    body = next(n for n in file.graph.node if n.op_type == "Loop").attribute[0].g
    declared = [[d.dim_value for d in v.type.tensor_type.shape.dim] for v in (body.input[2], body.output[1])]
    assert declared == [[2, 4], [2, 4]]
    assert proof(LOOP, gone, file.SerializeToString()).ok
