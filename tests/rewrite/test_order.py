"""Units that change places, in networks of all kinds: the same function, proved."""

from __future__ import annotations

import numpy as np
import pytest

from onnxprune.coupling import analyze
from onnxprune.graph import finish, from_proto, normalize, to_proto
from onnxprune.pruning.passes import learned
from onnxprune.rewrite import keep_of, prove, shrink
from tests.nets import CNN
from tests.oracle import build
from tests.passes.test_passes import BLOCK

SHUFFLED = """agraph (float[2,4,6,6] x) => (float[2,2,6,6] y)
<float[16,4,1,1] a, float[16] scale, float[16] shift, float[16] mean, float[16] var, float[16,8,3,3] b,
 float[8,4,1,1] c>
{
  h = Conv(x, a)
  n = BatchNormalization(h, scale, shift, mean, var)
  k = Conv<group=2,pads=[1,1,1,1]>(n, b)
  r = Relu(k)
  s = DepthToSpace<blocksize=2,mode="CRD">(r)
  p = MaxPool<kernel_shape=[2,2],strides=[2,2]>(s)
  q = Conv(p, c)
  l, m, v, w = Split<axis=1,num_outputs=4>(q)
  y = Add(l, m)
}"""


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("text", [CNN, BLOCK, SHUFFLED], ids=["cnn", "attention", "shuffled"])
def test_any_order_is_proved(text: str, cut: bool) -> None:
    proto = build(text)

    def source():  # type: ignore[no-untyped-def]
        copy = type(proto)()
        copy.CopyFrom(proto)
        return from_proto(copy)

    model = normalize(source())
    analysis = analyze(model.graph, model.opsets)
    random = np.random.default_rng(0)
    groups = [g for g in analysis.prunable if learned(g) and not g.inexact]
    orders = {g.id: random.permutation(g.size)[: g.size - cut * (g.size // 2)] for g in groups}
    assert orders
    changed = shrink(model, analysis, keep_of(analysis, orders))
    assert any((np.diff(index) < 0).any() for axes in changed.values() for index in axes.values())
    made = to_proto(finish(model)).SerializeToString()
    proof = prove(source, orders, made)
    assert proof.status == "proved", proof.reason
