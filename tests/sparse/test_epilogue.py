"""What follows a product is taken into its node, and says the same."""

from __future__ import annotations

import numpy as np
import pytest

from onnxprune.graph import from_bytes, from_proto, spell_out, to_proto
from onnxprune.runtime import session
from onnxprune.runtime.run import run
from onnxprune.sparse import Pattern, emit
from tests.oracle import build

HEAD = """<ir_version: 10, opset_import: ["": 20]> agraph (float[n,8] x) => (float[n,8] y)
<float[8,8] a, float[8] u, float half = {0.5}, float root = {1.4142135}, float other = {0.70710678}, float one = {1.0},
 float two = {2.0}>
{ p = MatMul(x, a)  h = Add(p, u)  """
CASES = {
    "y = Relu(h) }": ("relu", 1),
    "y = Gelu(h) }": ("gelu_erf", 1),
    'y = Gelu<approximate="tanh">(h) }': ("gelu_tanh", 1),
    "s = Sigmoid(h)  y = Mul(s, h) }": ("silu", 1),
    "d = Div(h, root)  e = Erf(d)  f = Add(e, one)  g = Mul(half, f)  y = Mul(h, g) }": ("gelu_erf", 1),
    "d = Mul(other, h)  e = Erf(d)  f = Add(one, e)  g = Mul(h, f)  y = Mul(g, half) }": ("gelu_erf", 1),
    "d = Div(h, root)  e = Erf(d)  f = Add(e, one)  g = Mul(h, half)  y = Mul(g, f) }": ("gelu_erf", 1),
    "d = Div(h, root)  e = Erf(d)  f = Add(e, two)  g = Mul(h, half)  y = Mul(g, f) }": ("none", 5 + 1),
    "d = Div(h, root)  e = Erf(d)  f = Add(e, one)  g = Mul(h, f)  y = Mul(g, h) }": ("none", 5 + 1),
    "r = Relu(h)  y = Add(r, h) }": ("none", 2 + 1),
    "t = Tanh(h)  y = Add(t, x) }": ("none", 2 + 1),
    "y = Add(x, h) }": ("none", 1),
    "g = Gelu(h)  y = Add(g, x) }": ("gelu_erf", 1),
    "g = Add(h, x)  y = Relu(g) }": ("none", 1 + 1),
    "t = Tanh(x)  y = Add(h, t) }": ("none", 1 + 1),
    "y = Add(h, h) }": ("none", 1 + 1),
    "s = Sigmoid(h)  t = Mul(s, h)  y = Add(t, s) }": ("none", 3 + 1),
    "t = ReduceMax<keepdims=1>(x)  y = Add(h, t) }": ("none", 2 + 1),
}
"""What follows, the activation that is taken in, and the nodes that are left."""


@pytest.mark.parametrize("text", CASES)
def test_the_same_with_fewer_nodes(text: str) -> None:
    activation, nodes = CASES[text]
    proto = build(HEAD + text)
    feeds = {"x": np.random.default_rng(0).standard_normal((5, 8), np.float32)}
    wanted = run(session(proto.SerializeToString()), feeds)["y"]
    model = from_proto(proto)
    assert emit(model, {"a": Pattern.parse("4x1")}, "op") == []
    assert len(model.graph.nodes) == nodes
    (made,) = [node for node in model.graph.nodes if node.op == "SparseMatMul"]
    assert made.attrs.get("activation", "none") == activation
    again = from_bytes(to_proto(model).SerializeToString())
    spell_out(again)
    found = run(session(to_proto(again).SerializeToString()), feeds)["y"]
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
