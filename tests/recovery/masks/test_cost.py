"""What is expected to be spent, against what is spent."""

from __future__ import annotations

import itertools

import pytest
import torch

from onnxprune.budget import Cost, Monomial, macs, params
from onnxprune.budget.monomial import Counting
from onnxprune.coupling.terms import Atom, concat, product
from onnxprune.recovery.masks.cost import ExpectedCost
from onnxprune.recovery.masks.lagrangian import RISE, Lagrangian
from tests.oracle import analysed

CPU = torch.device("cpu")
NET = """g (float[1,4,6,6] x) => (float[1,5,6,6] y) <float[8,4,3,3] a, float[12,8,1,1] b, float[5,20,1,1] c>
{ h = Conv <pads = [1,1,1,1]> (x, a) i = Conv(h, b) j = Concat <axis = 1> (h, i) y = Conv(j, c) }"""


def test_with_whole_counts_it_is_the_cost() -> None:
    """Multiply-accumulates and parameters of a network with a concatenation, at all pairs of some widths."""
    analysis = analysed(NET)[1]
    groups = [g for g in analysis.groups if g.prunable]
    assert len(groups) == 2
    for cost in (macs(analysis), params(analysis)):
        expected = ExpectedCost(cost, CPU)
        assert float(expected({})) == pytest.approx(1.0)
        for widths in itertools.product((1, 3, 8), (2, 12)):
            counts = {g.atom: min(n, g.size) for g, n in zip(groups, widths, strict=True)}
            found = expected({atom: torch.tensor(float(n)) for atom, n in counts.items()})
            assert float(found) == pytest.approx(cost.total(counts) / cost.whole)


def test_gradients_by_hand() -> None:
    """3 h (h + d) of 3 * 2 * 5: the gradient for h is 3 (2 h + d) / 30, for d it is 3 h / 30."""
    h, d = Atom(2), Atom(3)
    expected = ExpectedCost(Cost([Monomial("m", 3.0, (h, concat(h, d)))]), CPU)
    counts = {h: torch.tensor(1.5, requires_grad=True), d: torch.tensor(2.0, requires_grad=True)}
    expected(counts).backward()
    assert [float(c.grad) for c in counts.values()] == pytest.approx([3 * (3 + 2) / 30, 4.5 / 30])  # type: ignore[arg-type]


def test_a_constant_and_a_whole_that_was_measured() -> None:
    h, d = Atom(4), Atom(2)
    cost = Cost([Monomial("m", 1.0, (product(h, d),))], constant=8.0, whole=32.0)
    assert float(ExpectedCost(cost, CPU)({h: torch.tensor(2.0)})) == pytest.approx((4 + 8) / 32)


def test_blocks_count_in_proportion() -> None:
    """20 channels are padded to 32, so 10 count as 16; that a block is broken counts whatever the width."""
    h = Atom(20)
    blocks = Monomial("m", 1.0, (h,), (Counting.BLOCKS,))
    broken = Monomial("n", 8.0, (h, h), (Counting.BROKEN, Counting.LENGTH))
    expected = ExpectedCost(Cost([blocks, broken]), CPU)
    assert float(expected({})) == pytest.approx(1.0)
    assert float(expected({h: torch.tensor(10.0)})) == pytest.approx((16 + 80) / (32 + 160))


def test_the_target_falls_and_prices_rise() -> None:
    price = Lagrangian(0.5, warm=0.5, first=2.0, second=10.0)
    assert [price.aim(done) for done in (0.0, 0.25, 0.5, 1.0)] == [1.0, 0.75, 0.5, 0.5]
    cost = torch.tensor(0.7, requires_grad=True)
    found = price.price(cost, 1.0)
    found.backward()
    assert found.item() == pytest.approx(2 * 0.2 + 10 * 0.04)
    assert float(cost.grad) == pytest.approx(2 + 2 * 10 * 0.2)  # type: ignore[arg-type]
    price.rise(0.7, 1.0, 0.01)
    assert (price.first, price.second) == pytest.approx((2 + RISE * 0.002, 10 + RISE * 0.0004))
    alone = Lagrangian(0.5, square=False, second=10.0)
    alone.rise(0.7, 1.0, 0.01)
    assert alone.second == 10.0


def test_prices_find_the_target_on_a_toy() -> None:
    """Two units of worth 1 and 3 each, of which the price lets through what costs a half: a loss of w (1 - x)^2."""
    price, worth = Lagrangian(0.5), torch.tensor([1.0, 3.0])
    logits = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.05)
    for step in range(400):
        shares = torch.sigmoid(logits)
        cost = shares.mean()
        optimizer.zero_grad()
        ((worth * (1 - shares) ** 2).sum() + price.price(cost, step / 400)).backward()
        optimizer.step()
        price.rise(float(cost.detach()), step / 400, 1 / 400)
    low, high = torch.sigmoid(logits.detach()).tolist()
    assert (low + high) / 2 == pytest.approx(0.5, abs=0.01)
    assert (1 - low) / (1 - high) == pytest.approx(3, rel=0.05)
