"""Networks that tests of several rooms work on, as ONNX text."""

CNN = """agraph (float[1,3,16,16] x) => (float[1,10] y)
<float[64,3,3,3] a, float[64] abias, float[64,64,3,3] b, float[64] bbias, float[96,64,1,1] c, float[10,96] fc>
{
  h = Conv<pads=[1,1,1,1]>(x, a, abias)
  r = Relu(h)
  k = Conv<pads=[1,1,1,1]>(r, b, bbias)
  s = Add(r, k)
  t = Relu(s)
  u = Conv(t, c)
  v = Relu(u)
  g = GlobalAveragePool(v)
  f = Flatten(g)
  y = Gemm<transB=1>(f, fc)
}"""
