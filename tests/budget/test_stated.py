"""Multiply-accumulates that rules state by themselves, against counts by hand."""

from __future__ import annotations

import pytest

from onnxprune.budget import macs
from onnxprune.coupling import Analysis, analyze
from onnxprune.graph import from_proto, normalize
from tests.oracle import build

S, B, X, H = 5, 2, 6, 7  # steps, batch, inputs, hidden units

LSTM = (
    """g (float[5,2,6] x) => (float[] y) <float[1,28,6] w, float[1,28,7] r> { y = LSTM <hidden_size = 7> (x, w, r) }"""
)
BOTH = """g (float[5,2,6] x) => (float[] y) <float[2,28,6] w, float[2,28,7] r>
          { y = LSTM <hidden_size = 7, direction = "bidirectional"> (x, w, r) }"""
GRU = "g (float[5,2,6] x) => (float[] y) <float[1,21,6] w, float[1,21,7] r> { y = GRU <hidden_size = 7> (x, w, r) }"
RNN = "g (float[5,2,6] x) => (float[] y) <float[1,7,6] w, float[1,7,7] r> { y = RNN <hidden_size = 7> (x, w, r) }"
FUSED = """g (float[2,3,4] x) => (float[] y) <float[4,34] w>
           { y = com.microsoft.Attention <num_heads = 2, qkv_hidden_sizes = [10, 10, 14]> (x, w) }"""
APART = """g (float[2,3,10] q, float[2,9,10] k, float[2,9,14] v) => (float[] y)
           { y = com.microsoft.MultiHeadAttention <num_heads = 2> (q, k, v) }"""
GROUPED = """g (float[2,3,48] q, float[2,3,16] k, float[2,3,16] v, int32[2] n, int32 m) => (float[] y)
             { y = com.microsoft.GroupQueryAttention <num_heads = 6, kv_num_heads = 2> (q, k, v, , , n, m) }"""
BLOCKS = """g (float[2,3,32] x) => (float[] y) <uint8[5,2,8] w, float[10] s>
            { y = com.microsoft.MatMulNBits <K = 32, N = 5, bits = 4, block_size = 16> (x, w, s) }"""
SHORT = """g (float[2,3,30] x) => (float[] y) <uint8[5,2,8] w, float[10] s>
            { y = com.microsoft.MatMulNBits <K = 30, N = 5, bits = 4, block_size = 16> (x, w, s) }"""
CONV = """g (uint8[2,6,8,8] x) => (uint8[2,9,6,6] y) <float s = {1}, uint8 p = {1}, uint8[9,2,3,3] w>
          { y = QLinearConv <group = 3> (x, s, p, w, s, p, s, p) }"""
STANDARD = "g (float[2,2,3,5] q, float[2,2,9,5] k, float[2,2,9,7] v) => (float[2,2,3,7] y) { y = Attention(q, k, v) }"


def _solve(text: str, opset: int = 21) -> Analysis:
    model = normalize(from_proto(build(text, opset)))
    analysis = analyze(model.graph, model.opsets)
    assert not analysis.defects and not analysis.unknown
    return analysis


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LSTM, S * B * 4 * H * (X + H)),
        (BOTH, 2 * S * B * 4 * H * (X + H)),
        (GRU, S * B * 3 * H * (X + H)),
        (RNN, S * B * H * (X + H)),
        (FUSED, 2 * 3 * 4 * 34 + 2 * 3 * 3 * (10 + 14)),
        (APART, 2 * 3 * 9 * (10 + 14)),
        (GROUPED, 2 * 3 * 3 * 2 * 48),
        (BLOCKS, 2 * 3 * 5 * 32),
        (SHORT, 2 * 3 * 5 * 30),
        (CONV, 2 * 9 * 6 * 6 * 2 * 9),
    ],
)
def test_dense(text: str, expected: int) -> None:
    assert macs(_solve(text)).total() == expected


def test_attention_of_the_standard() -> None:
    assert macs(_solve(STANDARD, 23)).total() == 2 * 2 * 3 * 9 * (5 + 7)


def test_counts_follow_the_hidden_units() -> None:
    text = """g (float[5,2,6] x) => (float[] y) <float[1,28,6] w, float[1,28,7] r, float[7,3] b, int64[1] k = {1}>
              { h = LSTM <hidden_size = 7> (x, w, r) t = Squeeze(h, k) y = MatMul(t, b) }"""
    analysis = _solve(text)
    (group,) = analysis.prunable
    cost = macs(analysis)
    assert cost.total({group.atom: 3}) == S * B * 4 * 3 * (X + 3) + S * B * 3 * 3
    assert cost.change({}, group.atom, 3) == cost.total({group.atom: 3}) - cost.total()


def test_open_lengths_are_those_of_the_case_that_is_costed() -> None:
    analysis = _solve(LSTM.replace("float[5,2,6]", 'float["s",2,6]'))
    assert macs(analysis).total() == B * 4 * H * (X + H)
    assert macs(analysis, {"x": (11, 2, 6)}).total() == 11 * B * 4 * H * (X + H)
