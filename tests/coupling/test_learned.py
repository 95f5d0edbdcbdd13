"""Which operands are learned, though something stands between what is stored and the node that multiplies with it."""

import pytest

from onnxprune.coupling import analyze
from onnxprune.graph import from_proto, normalize
from tests.oracle import build

LOOP = """g (float[3,4] x) => (float[3,6] y)
<float[4,6] a, float[6,6] w, int64 count = {2}, bool go = {1}>
{
  h = MatMul(x, a)
  y, last = Loop(count, go, h, w) <body = b (int64 i, bool c, float[3,6] s, float[6,6] v) =>
    (bool d, float[3,6] t, float[6,6] u) { d = Identity(c) t = MatMul(s, v) u = AFTER(v) }>
}"""

SCAN = """g (float[3,4] x, float[5,3,6] many) => (float[3,6] y)
<float[4,6] a, float[6,6] w>
{
  h = MatMul(x, a)
  last, y = Scan <num_scan_inputs = 1, body = b (float[6,6] v, float[3,6] s, float[3,6] e) =>
    (float[6,6] u, float[3,6] t) { z = MatMul(s, v) t = Add(z, e) u = AFTER(v) }> (w, h, many)
}"""


def roles(text: str) -> set[str]:
    model = normalize(from_proto(build(text)))
    analysis = analyze(model.graph, model.opsets)
    return set().union(*(g.roles for g in analysis.groups))


@pytest.mark.parametrize("text", [LOOP, SCAN], ids=["loop", "scan"])
def test_a_weight_that_a_loop_hands_on_as_it_is(text: str) -> None:
    assert "head_dim" not in roles(text.replace("AFTER", "Identity"))


@pytest.mark.parametrize("text", [LOOP, SCAN], ids=["loop", "scan"])
def test_a_state_that_a_loop_changes_is_computed(text: str) -> None:
    assert "head_dim" in roles(text.replace("AFTER", "Neg"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t = Transpose(w) y = MatMul(h, t)", False),
        ("c = Mul(w, k) y = MatMul(h, c)", False),
        ("c = Mul(w, x) y = MatMul(h, c)", True),
        ("c = Clip(w, , k) y = MatMul(h, c)", False),
    ],
)
def test_what_is_made_of_stored_tensors_alone_is_learned(text: str, expected: bool) -> None:
    body = f"g (float[6,6] x) => (float[] y) <float[6,6] a, float[6,6] w, float k> {{ h = MatMul(x, a) {text} }}"
    assert ("head_dim" in roles(body)) == expected
