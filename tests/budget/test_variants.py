"""Estimates of time, from variants whose times follow a law that is known here."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from onnxprune.budget import Cost, Variant, latency
from onnxprune.budget.monomial import Counting, Monomial
from onnxprune.budget.work_of_node import features, value
from onnxprune.coupling import Analysis, Group, analyze
from onnxprune.graph import from_proto, normalize
from onnxprune.runtime import NodeTime
from tests.oracle import build

CNN = """agraph (float[1,3,8,8] x) => (float[1,10,8,8] y) <float[64,3,3,3] a, float[96,64,1,1] b, float[10,96,1,1] c>
{ h = Conv<pads=[1,1,1,1]>(x, a) r = Relu(h) k = Conv(r, b) s = Relu(k) y = Conv(s, c) }"""
WIDTHS = [(64, 96), (48, 96), (64, 64), (32, 32), (16, 80), (48, 16), (24, 40), (40, 72), (56, 24), (33, 90)]


def _analysis() -> tuple[Analysis, Group, Group]:
    model = normalize(from_proto(build(CNN)))
    analysis = analyze(model.graph, model.opsets)
    first, second = sorted(analysis.prunable, key=lambda g: g.size)
    return analysis, first, second


def _conv(name: str, inner: int, outer: int, taps: int, share: float, *, stored: bool = True) -> NodeTime:
    side = int(taps**0.5)
    weights = ((outer, inner, side, side),) if stored else ()
    return NodeTime("Conv", name, ((1, inner, 8, 8), *weights, (outer,)), ((1, outer, 8, 8),), share)


def _variants(ids: tuple[str, str], law, *, stored: bool = True, overhead: float = 0.0) -> list[Variant]:  # type: ignore[no-untyped-def]
    """One of each width; the share of a convolution is law(inputs, outputs, taps)."""
    found = []
    for p, q in WIDTHS:
        shapes = [("first", 3, p, 9), ("second", p, q, 1), ("last", q, 10, 1)]
        nodes = [_conv(n, i, o, t, law(i, o, t), stored=stored) for n, i, o, t in shapes]
        found.append(Variant(dict(zip(ids, (p, q), strict=True)), sum(n.share for n in nodes) + overhead, nodes))
    return found


def _law(inner: int, outer: int, taps: int) -> float:
    return 1e-3 + 2e-7 * 64 * inner * outer * taps + 5e-6 * 64 * (inner + outer)


@pytest.mark.parametrize("stored", [True, False])
def test_a_law_is_found_again(stored: bool) -> None:
    analysis, first, second = _analysis()
    variants = _variants((first.id, second.id), _law, stored=stored, overhead=0.01)
    cost = latency(analysis, variants, near=0.5)
    assert cost.whole == 1.0
    for p, q in product((16, 40, 64), (16, 56, 96)):
        expected = 0.01 + _law(3, p, 9) + _law(p, q, 1) + _law(q, 10, 1)
        assert cost.total({first.atom: p, second.atom: q}) == pytest.approx(expected, rel=0.02)


def test_change_is_the_difference_of_totals() -> None:
    analysis, first, second = _analysis()
    cost = latency(analysis, _variants((first.id, second.id), _law), near=0.5)
    assert cost.matters(first.atom) and cost.matters(second.atom)
    told = cost.change({first.atom: 64}, second.atom, 16)
    assert told == pytest.approx(cost.total({second.atom: 16}) - cost.total())


def test_the_staircase_is_seen() -> None:
    analysis, first, second = _analysis()

    def stairs(inner: int, outer: int, taps: int) -> float:
        return 1e-6 * inner * -(-outer // 16) * 16 * taps

    cost = latency(analysis, _variants((first.id, second.id), stairs), near=0.5)
    narrow = {second.atom: 16}  # so that the first group counts by what its own convolution makes
    widths = [cost.total({first.atom: p, **narrow}) for p in (33, 40, 48, 49)]
    expected = [stairs(3, p, 9) + stairs(p, 16, 1) + stairs(16, 10, 1) for p in (33, 40, 48, 49)]
    assert widths == pytest.approx(expected, rel=0.02)


def test_times_that_no_node_tells_follow_the_arithmetic() -> None:
    analysis, first, second = _analysis()
    variants = _variants((first.id, second.id), _law)
    hidden = [Variant(v.counts, v.ratio, []) for v in variants]
    cost = latency(analysis, hidden, near=0.5)
    for v in variants:
        counts = {first.atom: v.counts[first.id], second.atom: v.counts[second.id]}
        assert cost.total(counts) == pytest.approx(v.ratio, rel=0.25)


def test_the_level_is_that_of_variants_near_the_target() -> None:
    analysis, first, second = _analysis()
    ids = (first.id, second.id)
    slow = [Variant(v.counts, v.ratio * (1.5 if v.ratio < 0.03 else 1.0), v.nodes) for v in _variants(ids, _law)]
    near = min(slow, key=lambda v: v.ratio)
    counts = {first.atom: near.counts[first.id], second.atom: near.counts[second.id]}
    far = latency(analysis, slow, near=5.0).total(counts)
    assert abs(latency(analysis, slow, near=near.ratio).total(counts) - near.ratio) <= abs(far - near.ratio)


def test_a_node_whose_axes_are_not_understood_counts_with_the_rest() -> None:
    analysis, first, second = _analysis()
    odd = [
        Variant(v.counts, v.ratio + 0.1, [*v.nodes, NodeTime("Odd", "odd", ((7 * k + 1, 3),), ((k, k * k),), 0.1)])
        for k, v in enumerate(_variants((first.id, second.id), _law), 1)
    ]
    cost = latency(analysis, odd, near=0.5)
    expected = 0.1 + _law(3, 32, 9) + _law(32, 32, 1) + _law(32, 10, 1)
    assert cost.total({first.atom: 32, second.atom: 32}) == pytest.approx(expected, rel=0.03)


def test_the_layout_that_a_width_decides_doesnt_make_another_node() -> None:
    analysis, first, second = _analysis()
    variants = _variants((first.id, second.id), _law)
    renamed = [
        Variant(v.counts, v.ratio, [NodeTime(n.op, f"{n.name}_nchwc", n.inputs, n.outputs, n.share) for n in v.nodes])
        if k % 2
        else v
        for k, v in enumerate(variants)
    ]
    one, two = (latency(analysis, found, near=0.5) for found in (variants, renamed))
    assert one.total({first.atom: 32}) == pytest.approx(two.total({first.atom: 32}))


@pytest.mark.parametrize(("counting", "expected"), [(Counting.LENGTH, 40), (Counting.BLOCKS, 48), (Counting.BROKEN, 1)])
def test_what_counts_of_a_length(counting: Counting, expected: int) -> None:
    _, first, _ = _analysis()
    assert Monomial("", 2.0, (first.atom,), (counting,)).value({first.atom: 40}) == 2.0 * expected
    assert Cost([Monomial("", 1.0, (first.atom,), (Counting.BROKEN,))]).total({first.atom: 48}) == 0


def test_features_of_nodes_by_hand() -> None:
    conv = _conv("c", 8, 20, 9, 0.0)
    one, moved, weights, arithmetic, blocks, broken = (value(f, conv) for f in features(conv))
    assert (one, moved) == (1, 64 * 8 + 64 * 20)
    assert (weights, arithmetic, blocks, broken) == (8 * 20, 64 * 20 * 8, 64 * 32 * 8, 64 * 20 * 8)
    gemm = NodeTime("Gemm", "g", ((5, 7), (16,)), ((5, 16),), 0.0)
    assert [value(f, gemm) for f in features(gemm)] == [1, 5 * 16 + 5 * 7, 7 * 16, 5 * 16 * 7, 5 * 16 * 7, 0]
    depthwise = NodeTime("Conv", "d", ((1, 32, 8, 8), (32, 1, 3, 3)), ((1, 32, 8, 8),), 0.0)
    assert value(features(depthwise)[3], depthwise) == 64 * 32
    relu = NodeTime("Relu", "r", ((5, 7),), ((5, 7),), 0.0)
    assert [value(f, relu) for f in features(relu)] == [1, 70]
    assert [value(f, NodeTime("If", "i", (), (), 0.0)) for f in features(NodeTime("If", "i", (), (), 0.0))] == [1, 0]


def test_measured_noise_is_averaged_out() -> None:
    analysis, first, second = _analysis()
    random = np.random.default_rng(0)
    noisy = [
        Variant(
            v.counts,
            v.ratio * random.uniform(0.95, 1.05),
            [NodeTime(n.op, n.name, n.inputs, n.outputs, n.share * random.uniform(0.9, 1.1)) for n in v.nodes],
        )
        for v in _variants((first.id, second.id), _law)
    ]
    cost = latency(analysis, noisy, near=0.02)
    expected = _law(3, 32, 9) + _law(32, 48, 1) + _law(48, 10, 1)
    assert cost.total({first.atom: 32, second.atom: 48}) == pytest.approx(expected, rel=0.1)
