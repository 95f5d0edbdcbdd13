"""What is learned, and what is part of the computation."""

import pytest

from tests.lift.comparing import lifted

CASES = {
    "layers and their biases": (
        "g (float[2,4] x) => (float[2,3] y) <float[4,3] w, float[3] b> { h = MatMul(x, w) y = Add(h, b) }",
        {"w", "b"},
    ),
    "a single number": (
        "g (float[2,4] x) => (float[2,4] y) <float s, float[1] t> { h = Mul(x, s) y = Add(h, t) }",
        set(),
    ),
    "a layer scale": ("g (float[2,4] x) => (float[2,4] y) <float[4] s> { y = Mul(x, s) }", {"s"}),
    "a mask of huge numbers": (
        "g (float[1,2,2] x) => (float[1,2,2] y) <float[2,2] m = {0, -10000, 0, 0}> { h = Add(x, m) y = Softmax(h) }",
        set(),
    ),
    "a table of angles": (
        "g (float[1,3,4] x) => (float[1,3,4] y) <float[3,4] cos> { y = Mul(x, cos) }",
        set(),
    ),
    "statistics of batches": (
        "g (float[1,3,2,2] x) => (float[1,3,2,2] y) <float[3] s, float[3] b, float[3] m, float[3] varv>"
        " { y = BatchNormalization(x, s, b, m, varv) }",
        {"s", "b"},
    ),
    "a class token": (
        "g (float[1,3,4] x) => (float[1,4,2] y) <float[1,1,4] c, float[4,2] w>"
        " { h = Concat <axis = 1> (c, x) y = MatMul(h, w) }",
        {"c", "w"},
    ),
    "positions": ("g (float[1,3,4] x) => (float[1,3,4] y) <float[1,3,4] p> { y = Add(x, p) }", {"p"}),
    "a tied embedding": (
        "g (int64[1,3] i) => (float[1,3,9] y) <float[9,4] e> { h = Gather(e, i) t = Transpose(e) y = MatMul(h, t) }",
        {"e"},
    ),
    "quantised weights, not the scales": (
        "g (float[2,4] x) => (float[2,3] y) <int8[4,3] w, float s = {0.1}, int8 z = {1}>"
        " { v = DequantizeLinear(w, s, z) y = MatMul(x, v) }",
        {"w"},
    ),
    "scales of packed weights, not the weights": (
        "g (float[2,32] x) => (float[2,4] y) <uint8[4,1,16] w, float[4] s>"
        " { y = com.microsoft.MatMulNBits <K = 32, N = 4, bits = 4, block_size = 32> (x, w, s) }",
        {"s"},
    ),
    "an embedding that is normalised step by step": (
        "g (int64[1,3] i) => (float[1,3,4] y) <float[9,4] e, float two = {2}>"
        " { h = Gather(e, i) p = Pow(h, two) m = ReduceMean <keepdims = 1> (p) r = Sqrt(m) n = Div(h, r)"
        " y = Add(h, n) }",
        {"e"},
    ),
    "an embedding that is scaled": (
        "g (int64[1,3] i) => (float[1,3,2] y) <float[9,4] e, float s = {2}, float[4,2] w>"
        " { h = Gather(e, i) k = Mul(h, s) y = MatMul(k, w) }",
        {"e", "w"},
    ),
    "rows of a table of angles": (
        "g (float[1,3,4] x, int64[1,3] i) => (float[1,3,4] y) <float[9,4] c> { t = Gather(c, i) y = Mul(x, t) }",
        set(),
    ),
    "experts that are chosen": (
        "g (float[2,1,4] x, int64[2,1] i) => (float[2,1,3] y) <float[5,4,3] w> { e = GatherND(w, i) y = MatMul(x, e) }",
        {"w"},
    ),
    "weights that a loop hands on": (
        "g (float[2,4] x) => (float[2,4] y) <int64 n = {2}, bool on = {1}, float[4,4] w>"
        " { y, v = Loop <body = b (int64 k, bool c, float[2,4] s, float[4,4] u) => (bool d, float[2,4] t, float[4,4] z)"
        " { d = Identity(c) t = MatMul(s, u) z = Identity(u) }> (n, on, x, w) }",
        {"w"},
    ),
    "a recurrent layer": (
        "g (float[5,1,3] x) => (float[5,1,1,2] y) <float[1,8,3] w, float[1,8,2] r, float[1,16] b>"
        " { y = LSTM <hidden_size = 2> (x, w, r, b) }",
        {"w", "r", "b"},
    ),
    "shapes and indices": (
        "g (float[2,4] x) => (float[4,1] y) <int64[2] s = {4, 2}, int64[1] k = {0}>"
        " { h = Reshape(x, s) y = Gather <axis = 1> (h, k) }",
        set(),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_learned(name: str) -> None:
    text, expected = CASES[name]
    module = lifted(text)
    assert set(dict(module.named_parameters())) == expected
