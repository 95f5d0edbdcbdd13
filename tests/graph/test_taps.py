"""Taps in front of products with a shared table."""

from pathlib import Path

import pytest

from onnxprune.graph import Model, finish, from_proto, normalize, skeleton, to_proto
from onnxprune.graph.ir import TAP, TAP_DOMAIN
from tests.graph.helpers import model, noise, ops, round_trip, with_weights

ROPE = """
g (int64[s] at, float[1,s,8] x) => (float[1,s,8] y)
{
    p = Cast <to = 1> (at) one = Constant <value_ints = [1]> () c = Unsqueeze(p, one)
    angle = Mul(c, freq) cos = Cos(angle)
    q = MatMul(x, wq) k = MatMul(x, wk)
    qr = Mul(q, cos) kr = Mul(k, cos)
    y = Add(qr, kr)
}
"""


def rope(text: str = ROPE) -> Model:
    proto = with_weights(model(text), freq=noise(1, 8), wq=noise(8, 8), wk=noise(8, 8, seed=1))
    return normalize(from_proto(proto))


def taps(found: Model) -> list[str]:
    return [n.name for n in found.graph.nodes if (n.op, n.domain) == (TAP, TAP_DOMAIN)]


def test_every_use_gets_one() -> None:
    loaded = rope()
    assert taps(loaded) == ["cos/tap", "cos/tap.2"]
    products = [n for n in loaded.graph.nodes if n.op == "Mul"][1:]
    assert [n.inputs[1].name for n in products] == ["cos/tap", "cos/tap.2"]
    assert [n.inputs[1].shape for n in products] == [["s", 8]] * 2


def test_they_go_again(tmp_path: Path) -> None:
    proto = with_weights(model(ROPE), freq=noise(1, 8), wq=noise(8, 8), wk=noise(8, 8, seed=1))
    saved = round_trip(proto, tmp_path)
    assert ops(saved) == [n.op_type for n in proto.graph.node if n.op_type != "Constant"]


def test_one_that_was_cut_stays() -> None:
    loaded = rope()
    tap = next(n for n in loaded.graph.nodes if n.op == TAP)
    tap.op, tap.domain = "Identity", None
    assert ops(finish(loaded)).count("Identity") == 1


def test_they_are_identities_to_others() -> None:
    """Whoever looks at the protobuf meanwhile sees standard ops."""
    assert ops(skeleton(rope())).count("Identity") == 2
    assert ops(to_proto(rope())).count("Identity") == 2


@pytest.mark.parametrize(
    ("change", "count"),
    [
        (("kr = Mul(k, cos)", "kr = Identity(k)"), 0),  # one use
        (("cos = Cos(angle)", "z = Cos(angle) cos = MatMul(z, wq)"), 0),  # learned
        (("p = Cast <to = 1> (at)", "t = Transpose <perm = [1, 0, 2]> (x) m = ReduceMean <keepdims = 0> (t, one)"), 0),
        (("qr = Mul(q, cos)", "qr = Add(q, cos)"), 0),  # no product
    ],
)
def test_where_there_is_none(change: tuple[str, str], count: int) -> None:
    text = ROPE.replace(*change)
    if "ReduceMean" in text:
        text = ROPE.replace("p = Cast <to = 1> (at)", "p = ReduceMax <keepdims = 0> (x, axes)").replace(
            "{\n", "{\n    axes = Constant <value_ints = [0, 2]> ()\n", 1
        )
    assert len(taps(rope(text))) == count


def test_products_inside_a_body_are_left_alone() -> None:
    text = """
    g (bool c, int64[4] at, float[4] x, float[4] z) => (float[4] y)
    {
        p = Cast <to = 1> (at) cos = Cos(p)
        a = Mul(x, cos) b = Mul(z, cos)
        h = If (c) <
            then_branch = t () => (float[4] o) { o = Mul(x, cos) },
            else_branch = e () => (float[4] o) { o = Mul(z, cos) }
        >
        s = Add(a, b) y = Add(s, h)
    }
    """
    loaded = normalize(from_proto(model(text)))
    assert len(taps(loaded)) == 2
    assert ops(finish(loaded)).count("Mul") == 2
