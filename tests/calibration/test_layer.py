"""What counts as a linear layer."""

from __future__ import annotations

from onnxprune.calibration import layers
from tests.oracle import analysed


def names(text: str) -> list[str]:
    return [layer.name for layer in layers(analysed(text)[1])]


def test_a_stored_matrix_times_what_is_computed() -> None:
    text = """g (float[2,4] x) => (float[2,3] y, float[5,2] z) <float[4,3] a, float[5,2] b>
    { y = MatMul(x, a) h = Relu(x) k = Transpose(x) l = MatMul(h, k) z = MatMul(b, l) }"""
    assert names(text) == ["y", "z"]


def test_nodes_of_stored_numbers_alone() -> None:
    """One that reads a single stored tensor is no layer, nor is a product of two; what Exp makes is computed."""
    text = """g (float[2,4] x) => (float[2,3] y) <float[4,5] a, float[5,3] b>
    { e = Exp(a) m = MatMul(e, b) n = MatMul(a, b) w = Add(m, n) y = MatMul(x, w) }"""
    assert names(text) == ["m"]
