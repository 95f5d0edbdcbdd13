"""What is compared beside the outputs, how precisely, and which inputs decide what runs."""

import math

import pytest

from onnxprune.rewrite import mask_consumers, points
from onnxprune.rewrite.front import front
from onnxprune.rewrite.points import compared, hidden
from onnxprune.rewrite.precision import tolerances
from onnxprune.rewrite.switches import switches
from onnxprune.runtime.verdict import HALF_TOLERANCES, QUANTISED_TOLERANCE, Point
from tests.rewrite.small import analysed, keep_of, masks_of


def planned(source: str, gone: dict[str, list[int]]) -> dict[str, Point]:
    _, analysis = analysed(source)
    keep = keep_of(analysis, masks_of(analysis, gone))
    return {p.name: p for p in compared(analysis, keep, mask_consumers(analysis, keep))}


def fronts(source: str) -> dict[str, set[str]]:
    graph = analysed(source)[0].graph
    maker = {id(t): n for n in graph.nodes for t in n.outputs}
    return {t.name: {f.name for f in front(t, maker).tensors} for t in graph.outputs}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("y = Sigmoid(h)", {"h"}),
        ("y = Softmax(h)", {"h"}),
        ("s = Softmax(h) y = Transpose(s)", {"h"}),
        ("y = ArgMax(h)", {"h"}),
        ("y = Cast <to = 7> (h)", {"h"}),
        ("c = Clip(h, zero) q = Greater(c, zero) y = Not(q)", {"h"}),
        ("s = Sigmoid(h) r = Neg(h) y = Concat <axis = 1> (s, r)", {"h", "r"}),
        ("y = Neg(h)", set()),
        ("y = Transpose(h)", set()),
    ],
)
def test_what_is_in_front_of_an_output(body: str, expected: set[str]) -> None:
    text = f"g (float[2,4] x) => (float[] y) <float[4,6] a, float zero = {{0}}> {{ h = MatMul(x, a) {body} }}"
    kind = "int64" if "ArgMax" in body or "to = 7" in body else "bool" if "Not" in body else "float"
    assert fronts(text.replace("float[] y", f"{kind}[] y")) == {"y": expected}


SQUASHED = """g (float[2,4] x) => (float[] y) <float[4,6] a, float[6,3] b>
{ h = MatMul(x, a) z = Relu(h) l = MatMul(z, b) y = Sigmoid(l) }"""


def test_a_squashed_output_is_judged_by_what_is_in_front() -> None:
    found = planned(SQUASHED, {"a[1]": [1]})
    assert found["l"] == Point("l", inner=True, required=True)
    assert found["y"] == Point("y", required=False, floor=1.0)


def test_a_plain_output_needs_no_point() -> None:
    found = planned(SQUASHED.replace("Sigmoid", "Neg"), {"a[1]": [1]})
    assert list(found) == ["l"]
    assert not found["l"].required


TWO = """g (float[2,4] x) => (float[] y) <float[4,6] a, float[6,8] b, float[8,3] c>
{ h = MatMul(x, a) z = Relu(h) k = MatMul(z, b) w = Relu(k) y = MatMul(w, c) }"""


def test_what_consumers_make_is_compared_where_it_is_kept() -> None:
    found = planned(TWO, {"a[1]": [0], "b[1]": [2, 3]})
    assert list(found) == ["k"]
    assert {axis: kept.tolist() for axis, kept in found["k"].kept.items()} == {1: [0, 1, 4, 5, 6, 7]}


def test_memory_limits_what_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "ELEMENTS", 16)
    assert list(planned(TWO, {"a[1]": [0]})) == ["k"]
    monkeypatch.setattr(points, "ELEMENTS", 15)
    assert list(planned(TWO, {"a[1]": [0]})) == []


def test_every_group_gets_a_point_before_any_gets_two(monkeypatch: pytest.MonkeyPatch) -> None:
    text = """g (float[2,4] x) => (float[] y) <float[4,6] a, float[6,2] b, float[6,3] c, float[4,5] d, float[5,9] e>
    { h = MatMul(x, a) p = MatMul(h, b) q = MatMul(h, c) k = MatMul(x, d) r = MatMul(k, e)
      t = Concat <axis = 1> (p, q, r) y = Neg(t) }"""
    monkeypatch.setattr(points, "ELEMENTS", 2 * (2 + 9))
    found = planned(text, {"a[1]": [0], "d[1]": [0]})
    assert list(found) == ["p", "r"]


BRANCH = """g (float[2,4] x, int64 rate) => (float[2,3] y)
<float[4,6] a, float[6,3] b, float[6,3] c, int64 known = {16000}>
{ h = MatMul(x, a) fast = Equal(rate, known)
  y = If (fast) <then_branch = t () => (float[2,3] p) { p = MatMul(h, b) },
                 else_branch = e () => (float[2,3] q) { q = MatMul(h, c) }> }"""


def test_consumers_inside_bodies_have_witnesses() -> None:
    model, analysis = analysed(BRANCH)
    keep = keep_of(analysis, masks_of(analysis, {"a[1]": [0]}))
    consumers = mask_consumers(analysis, keep)
    assert compared(analysis, keep, consumers) == []
    words = hidden(model.graph, consumers)
    assert sorted(words.values()) == ["MatMul 'p'", "MatMul 'q'"]
    assert len(words) == 2


def test_inputs_that_decide_which_branch_runs() -> None:
    assert switches(analysed(BRANCH)[0].graph) == {"rate": [16000, 16001, 15999]}
    flag = BRANCH.replace("int64 rate", "bool rate").replace("fast = Equal(rate, known)", "fast = Not(rate)")
    assert switches(analysed(flag)[0].graph) == {"rate": [0, 1]}


def test_inputs_that_decide_nothing() -> None:
    assert switches(analysed(TWO)[0].graph) == {}
    depends = BRANCH.replace("Equal(rate, known)", "Equal(size, known)").replace(
        "fast =", "m = ReduceMax <keepdims = 0> (x) size = Cast <to = 7> (m) fast ="
    )
    assert switches(analysed(depends)[0].graph) == {}


def precise(source: str) -> dict[str, float]:
    graph = analysed(source)[0].graph
    found = tolerances(graph)
    return {t.name: found.get(id(t), 0.0) for n in graph.nodes for t in n.outputs}


def test_half_precision_is_coarse_from_where_it_is_computed() -> None:
    found = precise("""g (float[2,4] x) => (float[] y) <float16[4,6] a, float16[6,3] b>
    { w = Cast <to = 1> (a) h = MatMul(x, w) i = Cast <to = 10> (h) j = MatMul(i, b) y = Cast <to = 1> (j) }""")
    half = HALF_TOLERANCES["float16"]
    assert found == {"w": 0.0, "h": 0.0, "i": half, "j": half, "y": half}


def test_a_quantiser_is_coarse_unless_it_quantises_what_is_stored() -> None:
    found = precise("""g (float[2,4] x) => (float[] y) <float[4,6] a, float scale = {0.1}>
    { q = QuantizeLinear(a, scale) w = DequantizeLinear(q, scale) h = MatMul(x, w) p = QuantizeLinear(h, scale)
      y = DequantizeLinear(p, scale) }""")
    assert found == {"q": 0.0, "w": 0.0, "h": 0.0, "p": QUANTISED_TOLERANCE, "y": QUANTISED_TOLERANCE}


def test_what_is_coarse_inside_a_body_makes_its_outputs_coarse() -> None:
    found = precise("""g (float[2,4] x, bool flag) => (float[2,4] y) <float scale = {0.1}>
    { y = If (flag) <then_branch = t () => (float[2,4] p)
                       { i = QuantizeLinear(x, scale) p = DequantizeLinear(i, scale) },
                     else_branch = e () => (float[2,4] q) { q = Neg(x) }> }""")
    assert found["y"] == QUANTISED_TOLERANCE


def test_labels_behind_a_quantiser_may_be_off() -> None:
    text = """g (float[2,4] x) => (int64[] y) <float[4,6] a, float[6,3] b, float scale = {0.1}>
    { h = MatMul(x, a) q = QuantizeLinear(h, scale) z = DequantizeLinear(q, scale) l = MatMul(z, b)
      y = ArgMax <axis = 1> (l) }"""
    found = planned(text, {"a[1]": [1]})
    assert found["l"].tolerance == QUANTISED_TOLERANCE
    assert found["y"].tolerance == math.inf


PICKED = """g (float[2,4] x) => (float[] y) <float[4,6] a, int64[1] k = {2}, int64 three = {3}>
{ h = MatMul(x, a) s = Sigmoid(h) v, i = TopK(s, k) j = Mod(i, three) y = GatherElements <axis = 1> (h, j) }"""


def test_what_the_order_of_scores_picks_is_told_by_the_scores() -> None:
    assert fronts(PICKED) == {"y": {"h"}}
    assert (
        planned(
            PICKED.replace("float[4,6] a", "float[4,5] b, float[5,6] a")
            .replace("(x, a)", "(z, a)")
            .replace("{ h", "{ z = MatMul(x, b) h"),
            {"b[1]": [1]},
        )["y"].tolerance
        == math.inf
    )


def test_what_a_given_index_picks_is_compared_as_it_is() -> None:
    text = """g (float[2,4] x, int64[2] i) => (float[] y) <float[4,5] b, float[5,6] a>
    { z = MatMul(x, b) h = MatMul(z, a) j = Neg(i) y = Gather <axis = 1> (h, j) }"""
    assert fronts(text) == {"y": set()}


IN_A_BODY = """g (float[2,4] x, bool c) => (float[] y) <float[4,6] a, float[6,3] b>
{ h = MatMul(x, a) z = MatMul(h, b) y = If (c) <then_branch = t () => (float[2,3] p) { p = Sigmoid(z) },
  else_branch = e () => (float[2,3] q) { q = OP(z) }> }"""


@pytest.mark.parametrize("op", ["Neg", "Sigmoid"])
def test_a_sigmoid_in_a_body_is_coarse_near_zero(op: str) -> None:
    assert planned(IN_A_BODY.replace("OP", op), {"a[1]": [1]})["y"] == Point("y", floor=points.SIGMOID)


def test_other_bodies_are_exact() -> None:
    assert "y" not in planned(IN_A_BODY.replace("OP", "Neg").replace("Sigmoid", "Neg"), {"a[1]": [1]})
