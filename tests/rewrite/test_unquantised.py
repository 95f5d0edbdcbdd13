"""Quantised networks are proved without the rounding, as precisely as floats are, and with it."""

import numpy as np
import onnx
import pytest

from onnxprune.graph import to_proto
from onnxprune.rewrite.unquantised import roundings, unquantise
from tests.rewrite.small import analysed, apart, draw, proof, pruned, run

LAYER = """q{0} = QuantizeLinear({1}, s, p) d{0} = DequantizeLinear(q{0}, s, p)
h{0} = MatMul(d{0}, w{0}) r{0} = Relu(h{0})"""
DEPTH = 12
WEIGHTS = ", ".join(f"float[16,16] w{i}" for i in range(DEPTH))
NET = f"""g (float[8,16] x) => (float[] y) <float s = {{0.05}}, uint8 p = {{60}}, {WEIGHTS}, float[16,3] out>
{{ {" ".join(LAYER.format(i, f"r{i - 1}" if i else "x") for i in range(DEPTH))} y = MatMul(r{DEPTH - 1}, out) }}"""

FAINT = """g (float[8,4] x) => (float[] y) <float[4,3] a, float s = {0.05}, uint8 p = {128},
 float[3,2] b = {1, 2, 0.001, 0.002, 0.0015, 0.001}>
{ h = MatMul(x, a) q = QuantizeLinear(h, s, p) d = DequantizeLinear(q, s, p) y = MatMul(d, b) }"""


def test_a_deep_network_is_proved_to_the_precision_of_floats() -> None:
    gone = {f"w{i}[1]": [2 * i % 16, 3, 7] for i in range(DEPTH)}
    gone = {name: sorted(set(units)) for name, units in gone.items()}
    found = proof(NET, gone, pruned(NET, gone))
    assert found.ok, found
    assert found.error < 1e-5


def test_a_wrong_unit_that_no_step_shows_is_seen() -> None:
    """What the unit does is less than rounding may do."""
    file = pruned(FAINT, {"a[1]": [1]})
    assert proof(FAINT, {"a[1]": [1]}, file).ok
    wrong = proof(FAINT, {"a[1]": [2]}, file)
    assert wrong.status == "failed"
    assert wrong.reason.startswith("without the rounding of its quantisers, relative error")


def test_a_wrong_scale_is_seen_though_it_is_the_rounding_s() -> None:
    proto = onnx.load_from_string(pruned(FAINT, {"a[1]": [1]}))
    for node in proto.graph.node:
        if node.op_type == "DequantizeLinear":
            node.input[1] = "wrong"
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.float32(0.1), "wrong"))
    assert proof(FAINT, {"a[1]": [1]}, proto.SerializeToString()).status == "failed"


def test_a_pruned_file_that_can_not_be_left_unrounded_is_judged_as_it_is() -> None:
    """Its scale is computed, though it comes to the same."""
    proto = onnx.load_from_string(pruned(FAINT, {"a[1]": [1]}))
    for node in proto.graph.node:
        if node.op_type == "DequantizeLinear":
            proto.graph.node.insert(0, onnx.helper.make_node("Abs", [node.input[1]], ["computed"]))
            node.input[1] = "computed"
            break
    found = proof(FAINT, {"a[1]": [1]}, proto.SerializeToString())
    assert found.ok and not found.reason


@pytest.mark.parametrize("opset", [10, 11, 21])
@pytest.mark.parametrize(("zero", "least", "most"), [("uint8 p = {128}", -6.4, 6.35), ("int8 p = {0}", -6.4, 6.35)])
def test_what_was_rounded_is_clipped(opset: int, zero: str, least: float, most: float) -> None:
    text = FAINT.replace("uint8 p = {128}", zero)
    model, _ = analysed(text, opset)
    unquantise(model.graph, roundings(model.graph), model.opset)
    unrounded: bytes = to_proto(model).SerializeToString()
    x = draw(8, 4) * 6
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load_from_string(unrounded).graph.initializer}
    made = np.clip(x @ stored["a"], least, most)
    assert made.max() == np.float32(most)
    assert apart(made @ stored["b"], run(unrounded, x=x)[0]) < 1e-6


@pytest.mark.parametrize(
    "text",
    [
        "q = QuantizeLinear <axis = 1> (h, t, u) y = DequantizeLinear <axis = 1> (q, t, u)",
        "q = QuantizeLinear(h, s, p) r = Relu(h) z = Cast <to = 1> (q) y = Add(r, z)",
        "q = QuantizeLinear(a, s, p) y = DequantizeLinear(q, s, p)",
        "c = ReduceMax <keepdims = 0> (h) q = QuantizeLinear(h, c, p) y = DequantizeLinear(q, c, p)",
        "q = QuantizeLinear(h, s, p) m = Max(q, q) y = DequantizeLinear(m, s, p)",
    ],
    ids=["by axis", "read as integers", "stored", "computed scale", "changed between"],
)
def test_what_can_not_be_left_unrounded(text: str) -> None:
    text = f"""g (float[2,4] x) => (float[] y)
    <float[4,3] a, float s = {{0.1}}, uint8 p = {{1}}, float[3] t, uint8[3] u>
    {{ h = MatMul(x, a) {text} }}"""
    assert roundings(analysed(text)[0].graph) == frozenset()
