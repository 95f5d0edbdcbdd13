"""What stands in the way of pruning: locks on trained weights, merged by reason, nature apart from limits."""

from __future__ import annotations

import onnx
import pytest

from onnxprune.budget import macs
from onnxprune.coupling import Analysis, analyze
from onnxprune.coupling.grounds import Ground
from onnxprune.coupling.terms import Cause
from onnxprune.graph import from_proto, normalize
from onnxprune.pruning.obstacles import Lock, decisive, locks, shares
from onnxprune.pruning.trained import Trained
from tests.oracle import build

UNKNOWN = """<ir_version: 10, opset_import: ["": 21, "com.example": 1]>
agraph (float[2,8] x) => (float[2,16] o, float[2,24] p, float[2,4] y)
<float[8,32] a, float[32,16] b, float[32,24] c, float[32,4] d>
{
  h = MatMul(x, a)
  r = Relu(h)
  k = MatMul(r, b)
  o = com.example.Mystery(k)
  l = MatMul(r, c)
  p = com.example.Mystery(l)
  y = MatMul(r, d)
}"""

MASKED = """agraph (float[2,6,8] x) => (float[2,6,4] y)
<float[6,6] mask, float[6,16] place, float[8,16] a, float[16,4] b, float scale = {2}>
{
  h = MatMul(x, a)
  g = Add(h, place)
  t = Transpose<perm=[0,2,1]>(g)
  s = MatMul(g, t)
  n = Add(s, mask)
  w = Softmax(n)
  v = MatMul(w, g)
  bb = Mul(b, scale)
  y = MatMul(v, bb)
}"""

TABLE = """agraph (int64[2,6] ids) => (float[2,6,4] y) <float[50,16] words, float[16,4] b>
{
  h = Gather(words, ids)
  y = MatMul(h, b)
}"""

FUSED = """<ir_version: 10, opset_import: ["": 21, "com.microsoft": 1]>
agraph (float[2,8] x) => (float[2,4] y) <float[8,32] a, float[32,4] b>
{
  h = com.microsoft.FusedWonder(x, a)
  y = MatMul(h, b)
}"""

REGROUPED = """agraph (float[2,8] x) => (float[2,4] y)
<float[8,24] a, int64[3] one = {0, 6, 4}, int64[3] two = {0, 4, 6}, float[1,4,6] bias, int64[2] flat = {0, 24},
 float[24,4] b, float[1,6,4] c>
{
  h = MatMul(x, a)
  i = Reshape(h, one)
  ic = Mul(i, c)
  f = Reshape(ic, flat)
  j = Reshape(f, two)
  k = Mul(j, bias)
  l = Reshape(k, flat)
  y = MatMul(l, b)
}"""

OPEN = """agraph (float[n,m] x) => (float[k,4] y) <float[8,32] a, float[32,4] b, int64[2] shape = {-1, 8}>
{
  r = Reshape(x, shape)
  h = MatMul(r, a)
  z = NonZero(h)
  y = MatMul(h, b)
}"""


def found(text: str) -> tuple[Analysis, list[Lock]]:
    proto = onnx.ModelProto.FromString(build(text).SerializeToString())
    model = normalize(from_proto(proto))
    analysis = analyze(model.graph, model.opsets)
    return analysis, locks(analysis, macs(analysis))


def test_one_line_for_every_op_and_reason() -> None:
    analysis, locked = found(UNKNOWN)
    assert [(lock.kind, lock.op, lock.nodes, lock.groups) for lock in locked] == [
        ("no rule", "Mystery", ["p", "o"], ["c[1]", "b[1]"]),
        ("input", "", ["x"], ["a[0]"]),
        ("output", "", ["y"], ["d[1]"]),
    ]
    dense = 8 * 32 + 32 * (16 + 24 + 4)
    assert locked[0].share == locked[0].params == pytest.approx(32 * (16 + 24) / dense)
    assert locked[0].units == 16 + 24
    nature, limits = shares(locked, analysis, macs(analysis))
    assert limits == locked[0].share and nature == pytest.approx((8 * 32 + 32 * 4) / dense)


def test_a_sentence_names_axis_node_and_cause() -> None:
    _, locked = found(UNKNOWN)
    assert locked[0].sentence == (
        "c[1] (24 units) and 1 more axis are locked by Mystery 'p' and 1 more (no rule for op com.example::Mystery): "
        + Ground.RULE.advice
    )
    assert locked[1].sentence == f"a[0] (8 units) is locked by graph input 'x': {Ground.INPUT.advice}"


def test_what_no_weight_has_is_left_out() -> None:
    """Positions of a sequence are in masks and tables, and all multiplications go through them."""
    analysis, locked = found(MASKED)
    (positions,) = (g for g in analysis.groups if g.size == 6)
    assert positions.locked and str(positions.members[0]) in ("place[0]", "mask[0]")
    assert [(lock.axis, lock.kind) for lock in locked] == [("a[0]", "input"), ("b[1]", "output")]
    weights = Trained(analysis).tensors
    assert {s.tensor.name for s in analysis.sites if id(s.tensor) in weights} == {"a", "b"}


def test_a_table_as_wide_as_a_weight_counts() -> None:
    _, locked = found(TABLE)
    assert {(lock.axis, lock.kind, lock.natural) for lock in locked} == {
        ("b[1]", "output", True),
        ("words[0]", "index", True),
    }
    assert next(lock for lock in locked if lock.kind == "index").params == pytest.approx(800 / 864)


@pytest.mark.parametrize(
    ("text", "ground"),
    [(FUSED, Ground.FUSED), (REGROUPED, Ground.REFINEMENT)],
    ids=["fused", "regrouped"],
)
def test_limits_have_a_kind_and_advice(text: str, ground: Ground) -> None:
    _, locked = found(text)
    limits = [lock for lock in locked if not lock.natural]
    assert (limits[0].kind, limits[0].advice) == (ground.label, ground.advice)


def test_a_lost_rank_names_the_node_that_lost_it() -> None:
    _, locked = found(FUSED)
    (lost,) = (lock for lock in locked if lock.kind == Ground.RANK.label)
    assert (lost.axis, lost.op) == ("b[0]", "MatMul")
    assert lost.reason == "input 0 has no known rank since FusedWonder 'h'"


def test_lengths_that_are_open_are_a_limit() -> None:
    _, locked = found(OPEN)
    assert {lock.kind for lock in locked} <= {"open length", "use", "output", "fixed", "input"}
    assert all(lock.advice and lock.sentence.endswith(lock.advice) for lock in locked)


def test_nature_decides_over_limits() -> None:
    limit, nature = Cause("n", "Op", "no rule", Ground.RULE), Cause("y", "", "graph output", Ground.OUTPUT)
    assert decisive([limit, nature]) == nature and decisive([limit]) == limit
