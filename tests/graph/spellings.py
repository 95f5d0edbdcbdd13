"""How exporters compute the lengths of a Reshape or an Expand, in ONNX text."""

VIEW = """
g (float[batch,seq,768] x) => (float[batch,12,seq,64] y)
{
    s0 = Shape(x) i0 = Constant <value_int = 0> () b = Gather <axis = 0> (s0, i0)
    s1 = Shape(x) i1 = Constant <value_int = 1> () t = Gather <axis = 0> (s1, i1)
    z = Constant <value_ints = [0]> ()
    b1 = Unsqueeze(b, z) t1 = Unsqueeze(t, z)
    h = Constant <value_ints = [12]> () d = Constant <value_ints = [64]> ()
    target = Concat <axis = 0> (b1, t1, h, d)
    v = Reshape(x, target)
    y = Transpose <perm = [0, 2, 1, 3]> (v)
}
"""

FOLD_HEADS = """
g (float[b,h,s,16] x) => (float[n,s,16] y)
{
    s0 = Shape(x) i0 = Constant <value_int = 0> () b = Gather <axis = 0> (s0, i0)
    s1 = Shape(x) i1 = Constant <value_int = 1> () h = Gather <axis = 0> (s1, i1)
    s2 = Shape(x) i2 = Constant <value_int = 2> () t = Gather <axis = 0> (s2, i2)
    z = Constant <value_ints = [0]> ()
    n = Mul(b, h)
    n1 = Unsqueeze(n, z) t1 = Unsqueeze(t, z)
    d = Constant <value_ints = [16]> ()
    target = Concat <axis = 0> (n1, t1, d)
    y = Reshape(x, target)
}
"""

EXPAND = """
g (float[b,1,64] x, float[b,s] like) => (float[b,s,64] y)
{
    l = Shape(like)
    i = Constant <value_ints = [1]> () t = Gather <axis = 0> (l, i)
    m = Constant <value_ints = [-1]> () d = Constant <value_ints = [64]> ()
    wanted = Concat <axis = 0> (m, t, d)
    three = Constant <value_ints = [3]> ()
    ones = ConstantOfShape <value = int64[1] {1}> (three)
    minus = Mul(ones, m)
    open = Equal(wanted, minus)
    target = Where(open, ones, wanted)
    y = Expand(x, target)
}
"""
