"""Weight times columns plus bias is what ONNX Runtime makes of a linear layer, at every position, whatever its form."""

import numpy as np
import pytest

from onnxprune.calibration import columns, count_positions, layers, outputs, part_of
from onnxprune.coupling import analyze
from onnxprune.graph import Model, from_proto, normalize
from tests.oracle import build

FORMS = {
    "1x1": "(float[2,6,5,5] x) => (float[] y) <float[4,6,1,1] w> { y = Conv(x, w) }",
    "bias": "(float[2,6,5,5] x) => (float[] y) <float[4,6,3,3] w, float[4] b> { y = Conv(x, w, b) }",
    "pads": "(float[2,6,5,7] x) => (float[] y) <float[4,6,3,2] w> { y = Conv <pads=[1,0,2,1]> (x, w) }",
    "strides": """(float[2,6,8,7] x) => (float[] y) <float[4,6,3,3] w>
{ y = Conv <strides=[2,3], pads=[1,1,1,1]> (x, w) }""",
    "dilations": "(float[1,3,9,9] x) => (float[] y) <float[4,3,3,2] w> { y = Conv <dilations=[2,3]> (x, w) }",
    "groups": "(float[2,6,5,5] x) => (float[] y) <float[4,3,3,3] w, float[4] b> { y = Conv <group=2> (x, w, b) }",
    "depthwise": "(float[2,6,5,5] x) => (float[] y) <float[6,1,3,3] w> { y = Conv <group=6> (x, w) }",
    "one axis": "(float[2,6,9] x) => (float[] y) <float[4,6,3] w> { y = Conv <pads=[2,0]> (x, w) }",
    "three axes": "(float[1,2,4,5,4] x) => (float[] y) <float[3,2,2,3,2] w> { y = Conv <pads=[0,1,0,1,0,1]> (x, w) }",
    "same upper": """(float[1,3,6,7] x) => (float[] y) <float[4,3,3,4] w>
{ y = Conv <auto_pad="SAME_UPPER", strides=[2,2]> (x, w) }""",
    "same lower": """(float[1,3,6,7] x) => (float[] y) <float[4,3,3,4] w>
{ y = Conv <auto_pad="SAME_LOWER", strides=[2,2]> (x, w) }""",
    "valid": '(float[1,3,6,7] x) => (float[] y) <float[4,3,3,4] w> { y = Conv <auto_pad="VALID"> (x, w) }',
    "transposed": "(float[2,6,4,5] x) => (float[] y) <float[6,4,3,3] w, float[4] b> { y = ConvTranspose(x, w, b) }",
    "transposed strides": """(float[2,6,4,5] x) => (float[] y) <float[6,2,3,4] w>
{ y = ConvTranspose <group=2, strides=[2,3], pads=[1,0,0,1], output_padding=[1,0], dilations=[1,2]> (x, w) }""",
    "transposed same": """(float[1,3,4,5] x) => (float[] y) <float[3,2,4,3] w>
{ y = ConvTranspose <auto_pad="SAME_UPPER", strides=[2,2]> (x, w) }""",
    "matmul": "(float[2,3,6] x) => (float[] y) <float[6,4] w> { y = MatMul(x, w) }",
    "from the left": "(float[2,6,3] x) => (float[] y) <float[4,6] w> { y = MatMul(w, x) }",
    "gemm": "(float[3,6] x) => (float[] y) <float[6,4] w, float[4] b> { y = Gemm <alpha=0.5, beta=2.0> (x, w, b) }",
    "gemm turned": "(float[3,6] x) => (float[] y) <float[4,6] w, float[1,4] b> { y = Gemm <transB=1> (x, w, b) }",
    "gemm scalar": "(float[3,6] x) => (float[] y) <float[4,6] w, float[1] b> { y = Gemm <transB=1> (x, w, b) }",
}


def _model(text: str) -> Model:
    return normalize(from_proto(build(f"agraph {text}")))


@pytest.mark.parametrize("name", FORMS)
def test_columns_make_the_output(name: str) -> None:
    model = _model(FORMS[name])
    (layer,) = layers(analyze(model.graph, model.opsets))
    x = np.random.default_rng(0).standard_normal(model.graph.inputs[0].shape).astype(np.float32)
    made = part_of(_model(FORMS[name]), ["y"], threads=1)({"x": x})["y"]
    at = np.arange(count_positions(layer, made.shape))
    read = columns(layer, x, made.shape, at)
    found = np.einsum("rgik,goik->rgo", read, layer.weight()).reshape(len(at), -1) + layer.bias
    np.testing.assert_allclose(outputs(layer, made, at).reshape(len(at), -1), found, atol=1e-5)


@pytest.mark.parametrize("name", FORMS)
def test_a_weight_goes_back_as_it_was_stored(name: str) -> None:
    model = _model(FORMS[name])
    (layer,) = layers(analyze(model.graph, model.opsets))
    np.testing.assert_allclose(layer.like_stored(layer.weight()), layer.stored.values, rtol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "(float[2,3] x, float[3,4] w) => (float[] y) { y = MatMul(x, w) }",
        "(float[2,3] x) => (float[] y) <float[5,3,4] w> { y = MatMul(x, w) }",
        "(float[3,2] x) => (float[] y) <float[3,4] w> { y = Gemm <transA=1> (x, w) }",
        "(float[2,3] x, float[2,4] r) => (float[] y) <float[3,4] w> { y = Gemm(x, w, r) }",
        "(float[2,3] x) => (float[] y) <float[3,4] w, float[2,1] b> { y = Gemm(x, w, b) }",
    ],
)
def test_others_are_no_linear_layers(text: str) -> None:
    model = _model(text)
    assert layers(analyze(model.graph, model.opsets)) == []
