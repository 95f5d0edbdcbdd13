"""The oracle can say no: one unit exchanged for another, in any single group, is refuted."""

import pytest

from tests.rewrite.small import survivors

GRAPHS = {
    "a residual block with depthwise convolution and squeeze": """
g (float[1,3,8,8] x) => (float[] y)
<float[8,3,3,3] a, float[8] scale, float[8] c, float[8] m, float[8] var, float[12,8,1,1] b, float[12,1,3,3] d,
 float[4,12,1,1] e, float[12,4,1,1] f, float[8,12,1,1] g, float[5,8] h>
{ i = Conv <pads = [1,1,1,1]> (x, a) j = BatchNormalization(i, scale, c, m, var) k = Relu(j)
  l = Conv(k, b) n = Conv <group = 12, pads = [1,1,1,1]> (l, d) o = Relu(n)
  p = GlobalAveragePool(o) q = Conv(p, e) r = Relu(q) s = Conv(r, f) t = Sigmoid(s) u = Mul(o, t)
  v = Conv(u, g) w = Add(v, k) aa = GlobalAveragePool(w) ab = Flatten(aa) ac = Gemm <transB = 1> (ab, h)
  y = Softmax(ac) }""",
    "attention with a normalised residual stream": """
g (float[1,5,8] x) => (float[1,5,3] y)
<float[8,16] embed, float[16] scale, float[16] bias, float[16,24] wq, float[16,24] wk, float[16,24] wv, float[24,16] wo,
 int64[4] split = {1, 5, 4, 6}, int64[3] join = {1, 5, 24}, float root = {0.4}, float[16,12] up, float[16,12] gate,
 float[12,16] down, float[16] scale2, float[16,3] head>
{ h = MatMul(x, embed) n = LayerNormalization(h, scale, bias)
  q = MatMul(n, wq) k = MatMul(n, wk) v = MatMul(n, wv)
  q4 = Reshape(q, split) k4 = Reshape(k, split) v4 = Reshape(v, split)
  qt = Transpose <perm = [0, 2, 1, 3]> (q4) kt = Transpose <perm = [0, 2, 3, 1]> (k4)
  vt = Transpose <perm = [0, 2, 1, 3]> (v4)
  s = MatMul(qt, kt) t = Mul(s, root) p = Softmax(t) o = MatMul(p, vt) ot = Transpose <perm = [0, 2, 1, 3]> (o)
  oj = Reshape(ot, join) a = MatMul(oj, wo) r = Add(h, a)
  m = LayerNormalization(r, scale2) u = MatMul(m, up) g = MatMul(m, gate) gs = Sigmoid(g) z = Mul(u, gs)
  d = MatMul(z, down) e = Add(r, d) y = MatMul(e, head) }""",
    "halves of a split, one of them hardly counting": """
g (float[2,4] x) => (float[] y)
<float[4,12] a, float[12] c, float[6,5] b, float[5,3] d, float[6,3] e, float tiny = {1e-8}>
{ h = MatMul(x, a) i = Add(h, c) p, q = Split <axis = 1, num_outputs = 2> (i) s = Tanh(p) t = MatMul(s, b)
  u = Relu(t) v = MatMul(u, d) w = MatMul(q, e) z = Mul(w, tiny) y = Add(v, z) }""",
    "a quantised product": """
g (float[3,4] x) => (float[] y) <float[4,8] a, int8[8,5] b, float scale = {0.05}, uint8 p = {128}, float[5,3] c>
{ h = MatMul(x, a) r = Relu(h) q = QuantizeLinear(r, scale, p) i = MatMulInteger(q, b, p) j = Cast <to = 1> (i)
  y = MatMul(j, c) }""",
}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("seed", [0, 1])
def test_one_unit_exchanged_in_any_group_is_refuted(name: str, seed: int) -> None:
    assert survivors(GRAPHS[name], seed=seed) == []
