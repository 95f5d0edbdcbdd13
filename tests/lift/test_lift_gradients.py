"""Gradients of parameters, beside finite differences in double precision."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from onnxprune.lift.module import Lifted
from tests.lift.comparing import lifted

GRAPHS = {
    "conv": "g (double[2,3,5,5] x) => (double[] y) <double[4,3,3,3] w, double[4] b, double[4] s,"
    " double[4] t, double[4] m, double[4] varv> { c = Conv <pads = [1, 0, 1, 0]> (x, w, b)"
    " n = BatchNormalization(c, s, t, m, varv) r = Sigmoid(n) y = GlobalAveragePool(r) }",
    "conv_transpose": "g (double[1,3,4,4] x) => (double[] y) <double[3,2,3,3] w, double[2] b>"
    " { y = ConvTranspose <strides = [2, 2], pads = [1, 1, 0, 0]> (x, w, b) }",
    "product": "g (double[2,3] x) => (double[] y) <double[3,4] a, double[4] c, double[5,4] b, double[5] d>"
    " { h = MatMul(x, a) g = Add(h, c) t = Tanh(g) y = Gemm <transB = 1, alpha = 0.5> (t, b, d) }",
    "norm": "g (double[2,6] x) => (double[] y) <double[6,4] a, double[4] s, double[4] t>"
    " { h = MatMul(x, a) n = LayerNormalization(h, s, t) y = Gelu(n) }",
    "recurrent": "g (double[4,2,3] x) => (double[A,B,C,D] y) <double[1,8,3] w, double[1,8,2] r, double[1,16] b>"
    " { y = LSTM <hidden_size = 2> (x, w, r, b) }",
    "recurrent step by step": "g (double[4,2,3] x) => (double[A,B,C,D] y) <double[2,6,3] w, double[2,6,2] r,"
    ' double[2,12] b, int32[2] n = {2, 4}> { y = GRU <hidden_size = 2, direction = "bidirectional"> (x, w, r, b, n) }',
    "attention": "g (double[1,3,4] x) => (double[] y) <double[4,4] q, double[4,4] k, double[4,4] v>"
    " { a = MatMul(x, q) b = MatMul(x, k) c = MatMul(x, v)"
    " y = Attention <q_num_heads = 2, kv_num_heads = 2, is_causal = 1> (a, b, c) }",
    "attention spelled out": "g (double[1,3,4] x) => (double[] y) <double[4,4] q, double[4,4] k, double[4,4] v,"
    " double f = {0.5}, double[3,3] m> { a = MatMul(x, q) b = MatMul(x, k) c = MatMul(x, v)"
    " bt = Transpose <perm = [0, 2, 1]> (b) s = MatMul(a, bt) u = Mul(s, f) o = Add(u, m) p = Softmax(o)"
    " y = MatMul(p, c) }",
    "gather": "g (int64[2,3] i) => (double[] y) <double[8,4] e, double[3,4] p>"
    " { h = Gather(e, i) s = Add(h, p) y = Sin(s) }",
    "scan": "g (double[4,2,3] x) => (double[N,M] y, double[A,B,C] o) <double[2,3] h, double[3,3] w>"
    " { y, o = Scan <num_scan_inputs = 1, body = p (double[2,3] s, double[2,3] u) => (double[2,3] v, double[2,3] z)"
    " { k = MatMul(s, w) l = Add(k, u) v = Tanh(l) z = Identity(v) }> (h, x) }",
}


def _loss(module: Lifted, feeds: dict[str, torch.Tensor]) -> torch.Tensor:
    """A sum of all outputs in which every entry counts differently."""
    total = torch.zeros((), dtype=torch.float64)
    for value in module(feeds).values():
        total = total + (value * torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).reshape(value.shape)).sum()
    return total


@pytest.mark.parametrize("name", GRAPHS)
def test_gradient_is_the_slope(name: str) -> None:
    module = lifted(GRAPHS[name], 23 if name == "attention" else 21)
    rng = np.random.default_rng(0)
    shapes = {"x": {"conv": (2, 3, 5, 5), "conv_transpose": (1, 3, 4, 4), "product": (2, 3), "norm": (2, 6)}}
    shape = shapes["x"].get(name, (4, 2, 3) if name.startswith(("recurrent", "scan")) else (1, 3, 4))
    if name == "gather":
        feeds = {"i": torch.tensor([[1, 5, 2], [7, 1, 0]])}
    else:
        feeds = {"x": torch.from_numpy(rng.standard_normal(shape))}
    parameters = dict(module.named_parameters())
    assert parameters
    _loss(module, feeds).backward()
    for label, parameter in parameters.items():
        assert parameter.grad is not None, label
        direction = torch.from_numpy(rng.standard_normal(tuple(parameter.shape)))
        slope = float((parameter.grad * direction).sum())
        with torch.no_grad():
            ends = []
            for step in (1e-6, -1e-6):
                parameter.add_(direction, alpha=step)
                ends.append(float(_loss(module, feeds)))
                parameter.add_(direction, alpha=-step)
        assert slope == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-7), label


def test_rounding_lets_gradients_through() -> None:
    """y = 0.5 (round(x / 0.5) clipped to bytes): slope 1 inside the range, 0 beyond it."""
    module = lifted(
        "g (float[4] x) => (float[4] y) <float s = {0.5}, int8 z = {0}, float[4] w = {0.1, 3, 100, -90}>"
        " { h = Add(x, w) q = QuantizeLinear(h, s, z) y = DequantizeLinear(q, s, z) }"
    )
    y = module({"x": torch.zeros(4)})["y"]
    assert y.tolist() == [0.0, 3.0, 63.5, -64.0]
    y.sum().backward()
    (parameter,) = module.parameters()
    assert parameter.grad is not None
    assert parameter.grad.tolist() == [1.0, 1.0, 0.0, 0.0]
