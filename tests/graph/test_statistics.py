"""Norms and means of stored weights are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from onnxprune.graph import from_proto, normalize
from tests.graph.helpers import model, noise, ops, round_trip, with_weights

V, S = noise(6, 4), noise(6, 1, seed=1)
NORMED = """g (float[2,4] x) => (float[2,6] y) <int64[1] k = {{1}}>
            {{ {} w = Mul(q, s) t = Transpose <perm = [1, 0]> (w) y = MatMul(x, t) }}"""

STEPS = {
    "norm": ("n = ReduceL2(v, k) q = Div(v, n)", np.linalg.norm(V, axis=1, keepdims=True)),
    "mean": ("n = ReduceMean(v, k) q = Sub(v, n)", V.mean(axis=1, keepdims=True)),
    "in steps": ("m = Mul(v, v) n = ReduceSum(m, k) r = Sqrt(n) q = Div(v, r)", (V * V).sum(axis=1, keepdims=True)),
    "of another layout": (
        "u = Transpose <perm = [1, 0]> (v) n = ReduceMax <axes = [0], keepdims = 0> (u) q0 = Div(u, n) "
        "q = Transpose <perm = [1, 0]> (q0)",
        V.max(axis=1),
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_they_are_what_they_come_to(tmp_path: Path, name: str) -> None:
    """A model that lost nothing gets its arithmetic back."""
    steps, expected = STEPS[name]
    proto = with_weights(model(NORMED.format(steps), opset=18 if "axes" not in steps else 17), v=V, s=S)
    normal = normalize(from_proto(proto))
    assert not [op for op in ops(normal) if op.startswith("Reduce")]
    stored = [t.values for n in normal.graph.nodes for t in n.inputs if t.name == "n/value"]
    assert len(stored) == 1 and np.allclose(stored[0], expected, rtol=1e-6)
    assert stored[0].dtype == np.float32 and stored[0].shape == expected.shape
    assert ops(round_trip(proto, tmp_path)) == [n.op_type for n in proto.graph.node]


@pytest.mark.parametrize(
    "text",
    [
        "g (float[6,4] x) => (float[6,1] y) <int64[1] k = {1}> { m = Mul(x, v) y = ReduceSum(m, k) }",
        "g (float[2,4] x) => (float[6,1] y) <int64[1] k = {1}> { y = ReduceL2(v, k) }",
        "g (float[2,4] x) => (float[2,6] y) { t = Transpose(v) y = MatMul(x, t) }",
        "g (float[6,6] x) => (float[6,6] y) { t = Transpose(v) m = MatMul(v, t) y = Add(x, m) }",
    ],
    ids=["of data", "given out", "a layer", "a product of matrices"],
)
def test_other_sums_stay(text: str) -> None:
    proto = with_weights(model(text), v=V)
    assert ops(normalize(from_proto(proto))) == [n.op_type for n in proto.graph.node]
