"""Scales that are moved by a bit, to see what rounding does to a quantised model."""

import numpy as np
import onnx

from onnxprune.graph.disturb import with_disturbed_constants
from onnxprune.runtime.verdict import disturbed
from tests.oracle import build

TEXT = """g (float[2,4] x) => (float[] y) <float scale = {0.5}, uint8 p = {3}, float[4] c = {1, 2, 3, 4}>
          { q = QuantizeLinear(x, scale, p) z = DequantizeLinear(q, scale, p) y = Add(z, c) }"""


def _stored(model: bytes) -> dict[str, np.ndarray]:
    return {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load_from_string(model).graph.initializer}


def test_scales_move_by_one_bit_and_nothing_else_does() -> None:
    dense = build(TEXT).SerializeToString()
    before, after = _stored(dense), _stored(with_disturbed_constants(dense, disturbed))
    assert abs(int(before["scale"].view(np.uint32)) - int(after["scale"].view(np.uint32))) == 1
    assert before["p"] == after["p"] and (before["c"] == after["c"]).all()


def test_a_model_without_quantisation_is_left_alone() -> None:
    dense = build("g (float[2,4] x) => (float[] y) { y = Relu(x) }").SerializeToString()
    assert with_disturbed_constants(dense, disturbed) is dense
