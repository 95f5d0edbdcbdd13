"""Blocks of graphs of all kinds, and how alike what goes in and what comes out are, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from onnxprune.calibration import activations, blocks, compare_blocks
from onnxprune.calibration.portions import portions
from onnxprune.coupling import Analysis, analyze
from onnxprune.graph import Model
from tests.filled import filled

MLP = """agraph (float[n,2] x) => (float[n,2] y) <float[2,3] a, float[3] u, float[3,2] b>
{ h = MatMul(x, a) g = Add(h, u) r = Relu(g) k = MatMul(r, b) y = Add(x, k) }"""


def _analysis(model: Model) -> Analysis:
    return analyze(model.graph, model.opsets)


def _found(text: str) -> dict[str, list[tuple[str, str, int]]]:
    """Site of a weight -> what goes into its blocks, what comes out, the axis of features."""
    found = blocks(_analysis(filled(text)))
    return {name: [(b.read.name, b.made.name, b.axis) for b in own] for name, own in found.items()}


def test_the_addition_that_skips_is_the_end_of_a_block() -> None:
    assert _found(MLP)["a[1]"] == [("x", "y", 1)]


def test_chains_have_no_blocks() -> None:
    assert _found(MLP.replace("y = Add(x, k)", "y = Relu(k)")) == {}


CONVOLUTIONS = """agraph (float[1,2,8,8] x) => (float[] y)
<float[4,2,3,3] stem, float[6,4,3,3] a, float[4,6,3,3] b, float[8,4,3,3] c, float[8,8,3,3] d,
 float[8,4,1,1] p, float[5,8] fc>
{
  s = Conv<pads=[1,1,1,1]>(x, stem)
  h = Conv<pads=[1,1,1,1]>(s, a)
  r = Relu(h)
  k = Conv<pads=[1,1,1,1]>(r, b)
  t = Add(k, s)
  v = Conv<pads=[1,1,1,1], strides=[2,2]>(t, c)
  w = Conv<pads=[1,1,1,1]>(v, d)
  q = Conv<strides=[2,2]>(t, p)
  z = Add(w, q)
  m = GlobalAveragePool(z)
  f = Flatten(m)
  y = Gemm<transB=1>(f, fc)
}"""


def test_projections_and_streams_of_a_residual_network() -> None:
    """A group inside a block has it; one behind the projection its sum; the channels of a stage all sums of theirs."""
    found = _found(CONVOLUTIONS)
    assert found["a[0]"] == [("s", "t", 1)]
    assert found["c[0]"] == [("q", "z", 1)]
    assert found["stem[0]"] == [("s", "t", 1)]
    assert found["d[0]"] == [("q", "z", 1)]


def test_a_stretch_that_changes_the_shape_has_no_block() -> None:
    """As a block of stride 2 without a way round: what follows is computed from all of it on both sides."""
    chain = CONVOLUTIONS.replace("z = Add(w, q)", "z = Relu(w)")
    assert "c[0]" not in _found(chain) and "a[0]" in _found(chain)


TRANSFORMER = """agraph (float[2,5,3] x) => (float[2,5,3] y)
<float[3,8] stem, float[8,8] wq, float[8,8] wk, float[8,8] wv, float[8,8] wo, float[8,16] up, float[16,8] down,
 float[8,3] head, float[8] scale, float[8] shift, int64[4] heads = {2, 5, 2, 4}, int64[3] whole = {2, 5, 8}>
{
  e = MatMul(x, stem)
  n = LayerNormalization(e, scale, shift)
  q0 = MatMul(n, wq) q1 = Reshape(q0, heads) q = Transpose<perm=[0,2,1,3]>(q1)
  k0 = MatMul(n, wk) k1 = Reshape(k0, heads) k = Transpose<perm=[0,2,3,1]>(k1)
  v0 = MatMul(n, wv) v1 = Reshape(v0, heads) v = Transpose<perm=[0,2,1,3]>(v1)
  s = MatMul(q, k) p = Softmax(s) o0 = MatMul(p, v)
  o1 = Transpose<perm=[0,2,1,3]>(o0) o2 = Reshape(o1, whole) o = MatMul(o2, wo)
  ATTENTION
  m = LayerNormalization(t, scale, shift)
  h = MatMul(m, up) g = Gelu(h) d = MatMul(g, down)
  MLP
  y = MatMul(z, head)
}"""
IN_TURN = TRANSFORMER.replace("ATTENTION", "t = Add(e, o)").replace("MLP", "z = Add(t, d)")
SIDE_BY_SIDE = TRANSFORMER.replace("ATTENTION", "t = Identity(e)")


def test_attention_and_then_a_perceptron() -> None:
    found = _found(IN_TURN)
    assert found["up[1]"] == [("t", "z", 2)]
    assert found["wq[1]"] == found["wv[1]"] == [("e", "t", 2)]
    assert found["stem[1]"] == [("e", "t", 2), ("t", "z", 2)]


@pytest.mark.parametrize("sums", ["c = Add(o, d) z = Add(c, e)", "c = Add(e, o) z = Add(d, c)"])
def test_attention_and_a_perceptron_side_by_side(sums: str) -> None:
    """Whichever two of three are added first."""
    found = _found(SIDE_BY_SIDE.replace("MLP", sums))
    assert found["up[1]"][0][1] == "z" and found["wv[1]"][0][0] == "e"


def test_a_sum_inside_a_fused_normalisation() -> None:
    fused = MLP.replace("y = Add(x, k)", "y, m, v, z = com.microsoft.SkipLayerNormalization(x, k, scale)")
    assert _found(fused.replace("float[3,2] b", "float[3,2] b, float[2] scale"))["a[1]"] == [("x", "z", 1)]


def _by_hand(read: np.ndarray, made: np.ndarray) -> tuple[float, float]:
    cosines = [float(r @ m / np.linalg.norm(r) / np.linalg.norm(m)) for r, m in zip(read, made, strict=True)]
    return float(np.mean(cosines)), float(np.mean([math.acos(c) / math.pi for c in cosines]))


VALUES = {"a": np.array([[1, 0, 1], [0, 1, -1]]), "u": np.zeros(3), "b": np.array([[0, 1], [0, 2], [1, 0]])}


@pytest.mark.parametrize("limit", [activations.BYTES, 1])
def test_means_over_all_positions(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """(1, 0) becomes (1, 0) + (1, 1), (0, 1): (0, 1) + (0, 2), (2, 1): (2, 1) + (1, 4); (0, 0) is not counted."""
    monkeypatch.setattr("onnxprune.calibration.likeness.BYTES", limit)
    calls = [{"x": np.array(rows, np.float32)} for rows in ([[1, 0], [0, 1], [0, 0]], [[2, 1]])]
    make = lambda: filled(MLP, **VALUES)  # noqa: E731
    found = compare_blocks(make, _analysis(make()), calls, 1)["a[1]"]
    cosine, angle = _by_hand(np.array([[1, 0], [0, 1], [2, 1]]), np.array([[2, 1], [0, 3], [3, 5]]))
    assert found.cosine == pytest.approx(cosine, abs=1e-6) and found.angle == pytest.approx(angle, abs=1e-6)


def test_streams_have_the_mean_of_their_blocks() -> None:
    calls = [{"x": np.random.default_rng(i).standard_normal((2, 5, 3)).astype(np.float32)} for i in range(2)]
    found = compare_blocks(lambda: filled(IN_TURN), _analysis(filled(IN_TURN)), calls, 1)
    both = [found["wv[1]"], found["up[1]"]]
    assert found["stem[1]"].angle == pytest.approx(np.mean([one.angle for one in both]))
    assert found["stem[1]"].cosine == pytest.approx(np.mean([one.cosine for one in both]))


def test_all_zero_says_nothing() -> None:
    calls = [{"x": np.zeros((3, 2), np.float32)}]
    assert compare_blocks(lambda: filled(MLP), _analysis(filled(MLP)), calls, 1) == {}


def test_portions_by_bytes() -> None:
    assert list(portions({"a": 3, "b": 3, "c": 9, "d": 1}, 6)) == [["a", "b"], ["c"], ["d"]]
    assert list(portions({}, 6)) == []
