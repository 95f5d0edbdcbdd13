"""Rules of fused and quantised ops: the oracle must be able to say no to every one of them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from onnxprune.graph import from_proto
from onnxprune.rewrite import prove
from tests.coupling.cases import Case, cases
from tests.oracle import analysed, build, check, exact, pruned_bytes

OPS = ("QLinear", "ConvInteger", "DynamicQuantize", "QuantizeLinear", "DequantizeLinear")
CASES = [
    case
    for case in cases()
    if (case.domain == "com.microsoft" or case.op.startswith(OPS)) and not case.but & {"unrunnable", "invisible"}
]


def _others(mask: np.ndarray) -> np.ndarray:
    """As many units, but other ones."""
    return np.roll(mask, 1)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_other_units_are_refuted(case: Case) -> None:
    proto = build(case.text, case.opset)
    model, analysis = analysed(proto)
    masks = {g.id: np.arange(g.size) > 0 for g in exact(analysis)}
    pruned = pruned_bytes(model, analysis, masks)
    assert prove(lambda: from_proto(build(proto)), masks, pruned).ok
    for name, mask in masks.items():
        wrong = prove(lambda: from_proto(build(proto)), {**masks, name: _others(mask)}, pruned)
        assert wrong.status == "failed", f"{name}: {wrong}"


def _attributes(proto: onnx.ModelProto, op: str) -> dict[str, object]:
    node = next(n for n in proto.graph.node if n.op_type == op)
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def _pruned(text: str, gone: dict[str, list[int]]) -> onnx.ModelProto:
    model, analysis = analysed(text)
    sizes = {g.id: g.size for g in analysis.prunable}
    masks = {name: ~np.isin(np.arange(sizes[name]), units) for name, units in gone.items()}
    return onnx.load_from_string(pruned_bytes(model, analysis, masks))


ATTENTION = """g (float[2,3,4] x) => (float[] y) <float[4,30] w, float[10,4] o>
               { z = com.microsoft.Attention <num_heads = 2> (x, w) y = MatMul(z, o) }"""


def test_what_hangs_on_a_width_is_written_out_first() -> None:
    """The scale stays that of 5 dimensions; widths that were equal are told apart."""
    made = _attributes(_pruned(ATTENTION, {"w[1].3": [0, 4]}), "Attention")
    assert made["num_heads"] == 2 and made["qkv_hidden_sizes"] == [10, 10, 6]
    assert made["scale"] == pytest.approx(5**-0.5)


def test_numbers_of_heads_follow() -> None:
    assert _attributes(_pruned(ATTENTION, {"w[1]": [1]}), "Attention")["num_heads"] == 1


BLOCKS = """g (float[2,4] x) => (float[] y) <float[4,64] a, uint8[6,4,8] w, float[24] s, float[6,3] b>
            { h = MatMul(x, a) z = com.microsoft.MatMulNBits <K = 64, N = 6, bits = 4, block_size = 16> (h, w, s)
              y = MatMul(z, b) }"""


def test_packed_weights_lose_rows_and_whole_blocks() -> None:
    proto = _pruned(BLOCKS, {"a[1]": [1], "w[0]": [0, 5]})
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in proto.graph.initializer}
    dense = {t.name: onnx.numpy_helper.to_array(t) for t in build(BLOCKS).graph.initializer}
    np.testing.assert_array_equal(stored["w"], dense["w"][1:5][:, [0, 2, 3]])
    np.testing.assert_array_equal(stored["s"], dense["s"].reshape(6, 4)[1:5][:, [0, 2, 3]].ravel())
    np.testing.assert_array_equal(stored["a"], dense["a"][:, [*range(16), *range(32, 64)]])
    assert _attributes(proto, "MatMulNBits") == {"K": 48, "N": 4, "bits": 4, "block_size": 16}


LAYERS = """<ir_version: 10, opset_import: ["": 21, "com.microsoft.nchwc": 1]>
g (float[2,3,8,8] x) => (float[2,4,8,8] y) <float[16,3,1,1] a, float[16,16,1,1] c, float[4,16,1,1] b>
{ h = Conv(x, a) r = com.microsoft.nchwc.ReorderInput(h) k = com.microsoft.nchwc.Conv(r, c)
  z = com.microsoft.nchwc.ReorderOutput <channels = 16> (k) y = Conv(z, b) }"""


def test_a_blocked_layout_tells_what_to_give_instead() -> None:
    _, analysis = analysed(LAYERS)
    assert not exact(analysis) and not analysis.unknown
    reasons = [str(cause) for group in analysis.groups for cause in group.locked]
    assert any("optimised at the level 'extended'" in reason for reason in reasons)


SHARED = """g (float[2,3,4] x, int64[1] p) => (float[] y)
<float[4,12] q, float[12,4] o, float[4,12] r, float[12,4] w, float[9,3] cc, float[9,3] cs, float[12] c>
{ a = MatMul(x, q) b = com.microsoft.BiasGelu(a, c) d = com.microsoft.RotaryEmbedding <num_heads = 2> (b, p, cc, cs)
  e = MatMul(d, o)
  f = MatMul(e, r) h = com.microsoft.BiasGelu(f, c)
  k = com.microsoft.RotaryEmbedding <num_heads = 2> (h, p, cc, cs) y = MatMul(k, w) }"""


def test_equal_biases_and_rotary_tables_tie_no_layers() -> None:
    assert check(SHARED, groups={"q[1]": 2, "q[1].2": 3, "o[1]": 4, "r[1]": 2, "r[1].2": 3}).ok
