"""What each pass of this project takes, on an encoder block with grouped queries, an MLP and layer normalisation."""

from __future__ import annotations

from pathlib import Path

import onnx
import pytest

from onnxprune.coupling import Analysis, analyze
from onnxprune.graph import from_proto, normalize
from onnxprune.pruning import Options, Target, optimize, parse
from tests.oracle import build

# width 32; 4 query heads in 2 key/value groups of 8 dimensions; 64 neurons
BLOCK = """agraph (float[1,6,24] x) => (float[1,6,5] y)
<float[24,32] enter, float[32] scale, float[32] shift, float[32,32] wq, float[32,16] wk, float[32,16] wv,
 float[32,32] wo, float[32,64] up, float[64,32] down, float[32,5] head>
{
  e = MatMul(x, enter)
  n = LayerNormalization<axis=-1>(e, scale, shift)
  q = MatMul(n, wq)
  k = MatMul(n, wk)
  v = MatMul(n, wv)
  sq = Constant<value_ints=[1,6,2,2,8]>()
  skv = Constant<value_ints=[1,6,2,1,8]>()
  q5 = Reshape(q, sq)
  k5 = Reshape(k, skv)
  v5 = Reshape(v, skv)
  qt = Transpose<perm=[0,2,3,1,4]>(q5)
  kt = Transpose<perm=[0,2,3,4,1]>(k5)
  vt = Transpose<perm=[0,2,3,1,4]>(v5)
  s = MatMul(qt, kt)
  p = Softmax<axis=-1>(s)
  o = MatMul(p, vt)
  ot = Transpose<perm=[0,3,1,2,4]>(o)
  so = Constant<value_ints=[1,6,32]>()
  of = Reshape(ot, so)
  a = MatMul(of, wo)
  r = Add(e, a)
  u = MatMul(r, up)
  g = Relu(u)
  d = MatMul(g, down)
  z = Add(r, d)
  y = MatMul(z, head)
}"""


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    model = normalize(from_proto(build(BLOCK)))
    return analyze(model.graph, model.opsets)


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("channels", {"up[1]": 64}),
        ("heads{unit=group}", {"wq[1]": 2}),
        ("heads{unit=query}", {"wq[1].2": 2}),
        ("heads{unit=both}", {"wq[1]": 2, "wq[1].2": 2}),
        ("heads", {"wq[1]": 2}),
        ("head_dim", {"wq[1].3": 8, "wv[1]": 8}),
        ("hidden", {"enter[1]": 32}),
    ],
)
def test_each_pass_takes_its_own(analysis: Analysis, text: str, taken: dict[str, int]) -> None:
    exact = {"hidden"}
    found = {
        g.id: g.size
        for g in parse(text).select(analysis)
        if g.prunable and (not g.inexact or text.split("{")[0] in exact)
    }
    assert found == taken


def test_of_groups_and_queries_those_that_are_exact() -> None:
    """Four queries in each of two groups, and a maximum over all that a group's queries give."""
    text = BLOCK.replace("2,2,8]", "2,4,4]").replace("2,1,8]", "2,1,4]").replace("float[32,16]", "float[32,8]")
    text = text.replace("of = Reshape(ot, so)", "m = ReduceMax<axes=[3,4]>(ot) on = Div(ot, m) of = Reshape(on, so)")
    model = normalize(from_proto(build(text, opset=17)))
    taken = parse("heads").select(analyze(model.graph, model.opsets))
    assert {g.id: g.size for g in taken} == {"wq[1]": 2}


@pytest.mark.parametrize("text", ["channels", "heads", "head_dim{align=2}", "hidden{align=4}"])
def test_each_pass_is_proved(tmp_path: Path, text: str) -> None:
    source = tmp_path / "model.onnx"
    onnx.save(build(BLOCK), source)
    result = optimize(source, tmp_path / "out.onnx", Options(target=Target("params", 0.9), passes=(text,), bench=False))
    assert result.proof.ok, result.proof
    assert result.plan.groups
    assert all(entry["exact"] == (text.split("{")[0] != "hidden") for entry in result.plan.groups)


@pytest.mark.parametrize(("fraction", "needed"), [(0.6, set()), (0.35, {"head_dim"})])
def test_dimensions_of_heads_go_where_nothing_else_meets_the_target(
    tmp_path: Path, fraction: float, needed: set[str]
) -> None:
    source = tmp_path / "model.onnx"
    onnx.save(build(BLOCK), source)
    result = optimize(source, tmp_path / "out.onnx", Options(target=Target("macs", fraction), bench=False))
    assert result.met and result.proof.ok
    assert {entry["kind"] for entry in result.plan.groups} == {"channels", "heads"} | needed
    named = Options(target=Target("macs", fraction), passes=("channels", "heads"), bench=False)
    assert optimize(source, tmp_path / "named.onnx", named).met == (not needed)


def test_all_together_with_fixed_ratios(tmp_path: Path) -> None:
    source = tmp_path / "model.onnx"
    onnx.save(build(BLOCK), source)
    passes = (
        "channels{ratio=0.5}",
        "heads{ratio=0.5}",
        "head_dim{ratio=0.5,align=1}",
        "hidden{ratio=0.25,align=1}",
    )
    result = optimize(source, tmp_path / "out.onnx", Options(passes=passes, bench=False))
    kept = {entry["id"]: len(entry["kept"]) for entry in result.plan.groups}
    assert kept == {"up[1]": 32, "wq[1]": 1, "wq[1].3": 4, "wv[1]": 4, "enter[1]": 24}
    assert result.proof.ok, result.proof


EXPERTS = """g (float[3,8] x, int64[3,1] chosen) => (float[] y)
<float[4,12,8] up, float[4,8,12] down, int64[1] last = {-1}>
{ u = PICK(up, chosen) d = PICK(down, chosen) c = Unsqueeze(x, last) h = MatMul(u, c) z = Relu(h) y = MatMul(d, z) }"""


@pytest.mark.parametrize("pick", ["GatherND", "Gather <axis = 0>"])
def test_neurons_of_experts_are_channels(pick: str) -> None:
    source = EXPERTS.replace("PICK", pick)
    source = source if pick == "GatherND" else source.replace("int64[3,1]", "int64[3]")
    model = normalize(from_proto(build(source)))
    taken = parse("channels").select(analyze(model.graph, model.opsets))
    assert {g.id: g.size for g in taken} == {"up[1]": 12}


READOUT = """g (float[2,5,4] x, float[2,3,1] c) => (float[] y)
<float[4,6] a, float[4,3] b, float[6,2] w, int64[1] one = {1}, int64[1] two = {2}, int64[1] three = {3}>
{ h = MatMul(x, a) s = MatMul(x, b) i = Unsqueeze(h, three) j = Unsqueeze(s, two) m = Mul(i, j)
  v = ReduceSum <keepdims = 0> (m, one) o = MatMul(v, c) q = Squeeze(o, two) y = MatMul(q, w) }"""


def test_channels_of_a_recurrence_are_channels() -> None:
    model = normalize(from_proto(build(READOUT)))
    taken = parse("channels").select(analyze(model.graph, model.opsets))
    assert "a[1]" in {g.id for g in taken}
