"""What quantisers in a row allow, and outputs behind them."""

import math

import pytest

from onnxprune.rewrite.points import compared
from onnxprune.rewrite.precision import MOST, tolerances
from onnxprune.runtime.verdict import QUANTISED_TOLERANCE
from tests.rewrite.small import analysed, keep_of, masks_of

BLOCK = "q{0} = QuantizeLinear(h{0}, s, p) d{0} = DequantizeLinear(q{0}, s, p) h{1} = Sigmoid(d{0})"


def _chain(count: int) -> str:
    blocks = " ".join(BLOCK.format(i, i + 1) for i in range(count))
    return f"""g (float[2,4] x) => (float[] y) <float[4,6] a, float s = {{0.1}}, uint8 p = {{128}}, float[6,3] b>
    {{ h0 = MatMul(x, a) {blocks} y = MatMul(h{count}, b) }}"""


@pytest.mark.parametrize("count", [1, 2, 9])
def test_roundings_add_up_each_on_its_own(count: int) -> None:
    graph = analysed(_chain(count))[0].graph
    assert tolerances(graph)[id(graph.outputs[0])] == pytest.approx(QUANTISED_TOLERANCE * math.sqrt(count))


def test_but_never_so_far_that_a_wrong_mask_would_pass() -> None:
    graph = analysed(_chain(200))[0].graph
    assert tolerances(graph)[id(graph.outputs[0])] == MOST


def test_an_output_behind_quantisers_is_judged_as_precisely_as_it_is_computed() -> None:
    _, analysis = analysed(_chain(2))
    points = {p.name: p for p in compared(analysis, keep_of(analysis, masks_of(analysis, {"a[1]": [1]})), [])}
    assert points["y"].tolerance == pytest.approx(QUANTISED_TOLERANCE * math.sqrt(2)) and points["y"].required
