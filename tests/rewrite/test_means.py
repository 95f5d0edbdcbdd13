"""Means over pruned axes are multiplied by the share that stays, where a masked unit would have counted as a zero."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.graph import from_bytes, graphs, load
from onnxprune.pruning import Options, Target, optimize
from tests.oracle import build
from tests.rewrite.small import apart, draw, masked, proof, pruned, run, shrunk, stored

PLAIN = """g (float[2,4] x) => (float[2,6] y, float[2,1] m) <float[4,8] a, float[8,6] b, int64[1] axes = {1}>
{ h = MatMul(x, a) m = ReduceMean(h, axes) z = Mul(h, m) y = MatMul(z, b) }"""


def ops(data: bytes) -> list[str]:
    return [node.op_type for node in onnx.load_from_string(data).graph.node]


def test_the_product_takes_over_the_name() -> None:
    model, changed = shrunk(PLAIN, {"a[1]": [1, 2]})
    mean, product = (next(n for n in model.graph.nodes if n.op == op) for op in ("ReduceMean", "Mul"))
    assert [t.name for t in mean.outputs] == ["m/mean"] and [t.name for t in product.outputs] == ["m"]
    assert product.inputs[1].name == "m/share" and product.inputs[1].values.shape == ()
    assert float(product.inputs[1].values) == 0.75
    assert changed.keys() == {"a", "b"}


def test_the_numbers_are_those_of_the_masked_mean() -> None:
    kept, weights, x = [0, 3, 5], stored(PLAIN), draw(2, 4)
    h = x @ weights["a"][:, kept]
    mean = h.sum(1, keepdims=True) / 8
    for data in (masked(PLAIN, {"a[1]": [1, 2, 4, 6, 7]}), pruned(PLAIN, {"a[1]": [1, 2, 4, 6, 7]})):
        y, m = run(data, x=x)
        assert apart(mean, m) < 1e-6 and apart(h * mean @ weights["b"][kept], y) < 1e-6


def test_pruned_again_it_is_multiplied_again() -> None:
    once = onnx.load_from_string(pruned(PLAIN, {"a[1]": [1, 2]}))
    twice = pruned(once, {"a[1]": [0, 5]})
    assert proof(once, {"a[1]": [0, 5]}, twice).ok
    assert proof(PLAIN, {"a[1]": [0, 1, 2, 7]}, twice).ok
    assert ops(twice).count("Mul") == 3


def test_nothing_is_multiplied_where_nothing_goes_from_the_mean() -> None:
    text = """g (float[2,3,5] x) => (float[] y) <float[6,3,1] a, float[4,6,1] b, int64[1] axes = {2}>
    { h = Conv(x, a) m = ReduceMean(h, axes) y = Conv(m, b) }"""
    assert ops(pruned(text, {"a[0]": [1, 2]})) == ["Conv", "ReduceMean", "Conv"]


@pytest.mark.parametrize(("number", "dtype"), [(10, "float16"), (11, "float64"), (16, "bfloat16")])
def test_the_share_has_the_type_of_the_mean(number: int, dtype: str) -> None:
    text = f"""g (float[2,4] x) => (float[] y) <float[4,8] a, float[8,6] b, int64[1] axes = {{1}}>
    {{ h = MatMul(x, a) i = Cast <to = {number}> (h) m = ReduceMean(i, axes) j = Cast <to = 1> (m)
      z = Mul(h, j) y = MatMul(z, b) }}"""
    gone = {"a[1]": [0, 4, 6]}
    model, _ = shrunk(text, gone)
    share = next(t for t in model.graph.tensors().values() if t.name == "m/share")
    assert str(share.values.dtype) == dtype and float(share.values) == 0.625
    found = proof(text, gone, pruned(text, gone))
    assert found.ok or (dtype == "bfloat16" and found.status == "skipped")  # ONNX Runtime has no kernel for it


FUNCTION = """<ir_version: 10, opset_import: ["": 21, "local": 1]>
g (float[2,4] x, bool t) => (float[] y) <float[4,8] a, float[8,6] b>
{ h = MatMul(x, a)
  z = If (t) <then_branch = p () => (float[2,8] u) { u = local.Respond(h) },
              else_branch = q () => (float[2,8] v) { v = Neg(h) }>
  y = MatMul(z, b) }
<domain: "local", opset_import: ["": 21]> Respond (h) => (z)
{ axes = Constant <value_ints = [-1]> () m = ReduceMean(h, axes) z = Mul(h, m) }"""


def test_in_a_function_of_the_model_inside_a_branch() -> None:
    gone = {"a[1]": [0, 4, 6]}
    data = pruned(FUNCTION, gone)
    assert [n.op for g in graphs(from_bytes(data)) for n in g.nodes if n.op == "Mul"] == ["Mul"] * 2
    assert proof(FUNCTION, gone, data).ok
    assert proof(FUNCTION, {"a[1]": [0, 4, 7]}, data).status == "failed"


# ------------------------------------------------------------------------------------------------- normalisers

LAYER = """g (float[2,6,32] x) => (float[2,6,5] y) <float[32,64] a, float[64] s, float[64,5] b,
float two = {2}, float eps = {1e-5}, int64[1] k = {-1}>
{ h = MatMul(x, a) m = ReduceMean(h, k) d = Sub(h, m) q = Pow(d, two) v = ReduceMean(q, k) e = Add(v, eps) r = Sqrt(e)
  n = Div(d, r) z = Mul(n, s) y = MatMul(z, b) }"""
ROOT = """g (float[2,6,32] x) => (float[2,6,5] y) <float[32,64] a, float[64] s, float[64,5] b,
float two = {2}, float eps = {1e-5}, int64[1] k = {-1}>
{ h = MatMul(x, a) q = Pow(h, two) v = ReduceMean(q, k) e = Add(v, eps) r = Sqrt(e) i = Reciprocal(r)
  n = Mul(h, i) z = Mul(n, s) y = MatMul(z, b) }"""
BESIDE = """g (float[2,6,32] x) => (float[2,6,5] y) <float[32,64] a, float[64] s, float[64,5] b, int64[1] k = {-1}>
{ h = MatMul(x, a) n = LayerNormalization(h, s) m = ReduceMean(h, k) z = Mul(n, m) y = MatMul(z, b) }"""


@pytest.mark.parametrize("text", [LAYER, ROOT, BESIDE], ids=["layer", "root mean square", "beside one"])
def test_normalisers_keep_their_form(text: str, tmp_path: Path) -> None:
    """`hidden` rebuilds them at the smaller width; runtimes fuse them by their form."""
    source = tmp_path / "model.onnx"
    onnx.save(build(text), source)
    options = Options(target=Target("macs", 0.5), passes=("hidden",), bench=False)
    result = optimize(source, tmp_path / "out.onnx", options)
    assert result.met and result.proof.ok
    dense, small = (ops(path.read_bytes()) for path in (source, tmp_path / "out.onnx"))
    assert small == dense


# ------------------------------------------------------------------------------------------------- the whole way

RESPONSE = """g (float[1,3,8,8] x) => (float[1,5,8,8] y)
<float[64,3,3,3] a, float[64,1,1] gamma, float[64,1,1] beta, float[5,64,1,1] b, int64[2] space = {2, 3},
int64[1] c = {1}, float eps = {1e-6}>
{ k = Conv <pads = [1, 1, 1, 1]> (x, a) h = Relu(k) n = ReduceL2(h, space) m = ReduceMean(n, c) e = Add(m, eps)
  d = Div(n, e) p = Mul(h, d) q = Mul(gamma, p) r = Add(q, beta) z = Add(h, r) y = Conv(z, b) }"""


def test_global_response_normalisation_meets_its_target_and_a_plan_does_it_again(tmp_path: Path) -> None:
    source, out, again = (tmp_path / name for name in ("model.onnx", "out.onnx", "again.onnx"))
    onnx.save(build(RESPONSE), source)
    result = optimize(source, out, Options(target=Target("macs", 0.5), bench=False))
    assert result.met and result.proof.ok and result.plan.groups[0]["exact"]
    (tmp_path / "plan.json").write_text(result.plan.to_json(), encoding="utf-8")
    optimize(source, again, Options(plan=tmp_path / "plan.json", bench=False))
    assert out.read_bytes() == again.read_bytes()
    share = load(out).graph.tensors()["m/share"].values
    assert share.dtype == np.float32 and float(share) == len(result.plan.groups[0]["kept"]) / 64
