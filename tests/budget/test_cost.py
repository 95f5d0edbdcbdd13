"""Costs as functions of widths, against counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

from onnxprune.budget import macs, params, size, traffic
from onnxprune.budget.cost import FARTHER
from onnxprune.coupling import analyze
from onnxprune.graph import from_proto, normalize
from tests.oracle import build

MLP = """agraph (float[5,2] x) => (float[5,4] y) <float[2,3] a, float[3,4] b>
{ h = MatMul(x, a) z = Relu(h) y = MatMul(z, b) }"""
CONV = """agraph (float[1,3,8,8] x) => (float[1,6,4,4] y) <float[4,3,3,3] a, float[6,2,1,1] b>
{ h = Conv<pads=[1,1,1,1]>(x, a) z = Relu(h) y = Conv<group=2, strides=[2,2]>(z, b) }"""
UP = "agraph (float[1,3,4,4] x) => (float[1,2,8,8] y) <float[3,2,2,2] a> { y = ConvTranspose<strides=[2,2]>(x, a) }"


def _solve(text: str):  # type: ignore[no-untyped-def]
    model = normalize(from_proto(build(text)))
    return analyze(model.graph, model.opsets)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MLP, 5 * 3 * 2 + 5 * 4 * 3),
        (CONV, 4 * 64 * 3 * 9 + 6 * 16 * 2),
        (UP, 3 * 16 * 2 * 4),
        ("agraph (float[2,3] x, float[3] v) => (float[2] y) { y = MatMul(x, v) }", 6),
        ("agraph (float[2,3] x, float[4,3] w) => (float[2,4] y) { y = Gemm<transB=1>(x, w) }", 24),
        ('agraph (float[2,3] x, float[3,5] w) => (float[5] y) { y = Einsum<equation="ij,jk->k">(x, w) }', 30),
        ("agraph (float[2,3] x) => (float[2,3] y) { y = Relu(x) }", 0),
    ],
)
def test_macs_of_the_dense_model(text: str, expected: int) -> None:
    assert macs(_solve(text)).total() == expected


def test_costs_follow_the_widths() -> None:
    analysis = _solve(MLP)
    (group,) = analysis.prunable
    counts = {group.atom: 1}
    assert macs(analysis).total(counts) == 5 * 2 + 5 * 4
    assert params(analysis).total(counts) == 2 + 4
    assert traffic(analysis).total(counts) == (10 + 5) + (5 + 20) + FARTHER * (2 * 1 + 1 * 4)
    assert size(analysis, 1000).total() == 1000
    assert size(analysis, 1000).total(counts) == 1000 - 4 * (6 + 12) + 4 * (2 + 4)


def test_change_is_the_difference_of_totals() -> None:
    analysis = _solve(CONV)
    for cost in (macs(analysis), params(analysis), traffic(analysis), size(analysis, 500)):
        for group in analysis.prunable:
            assert cost.change({}, group.atom, 1) == pytest.approx(cost.total({group.atom: 1}) - cost.total())


def test_a_grouped_convolution_by_groups() -> None:
    analysis = _solve(CONV)
    inner = next(g for g in analysis.prunable if g.size == 2 and "inner" in g.roles)
    assert macs(analysis).total({inner.atom: 1}) == 2 * 64 * 27 + 6 * 16


def test_open_dimensions_take_the_given_shapes() -> None:
    analysis = _solve(MLP.replace("float[5,2]", 'float["n",2]').replace("float[5,4]", 'float["n",4]'))
    assert macs(analysis).total() == 18
    assert macs(analysis, {"h": (7, 3), "y": (7, 4)}).total() == 7 * 18
    assert np.isfinite(traffic(analysis).total())


def test_activations_that_are_not_fused_move_their_tensor_again() -> None:
    text = """g (float[5,2] x) => (float[5,4] y) <float[2,3] a, float[3,4] b>
    { h = MatMul(x, a) r = OP(h) y = MatMul(r, b) }"""
    plain, gated = (traffic(_solve(text.replace("OP", op))).total() for op in ("Relu", "Sigmoid"))
    assert gated - plain == 2 * 5 * 3
