"""Budgets that look at blocks, by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from onnxprune import budget
from onnxprune.budget import Candidate, Needs
from onnxprune.calibration import Likeness
from tests.budget.made import candidate, work

TEN = [1.0] * 10


def _widths(name: str, *measured: Likeness | None) -> Callable[[float], list[float]]:
    """Of groups of ten units, with what is known of their blocks."""
    found: list[Candidate] = [candidate(str(i), TEN) for i in range(len(measured))]
    known = {str(i): one for i, one in enumerate(measured) if one is not None}
    assert budget.get(name).needs == Needs.BLOCKS
    return budget.get(name).widths(found, work(*found, likeness=lambda: known))


def _angle(angle: float) -> Likeness:
    return Likeness(math.cos(math.pi * angle), angle)


def test_cfsp_shares_out_by_the_sigmoid_of_the_angle() -> None:
    """Angles 0.1, 0.2 and 0.3, of 128 * 1024 tokens, over 10,000: 13.1072 * (-0.1, 0, 0.1)."""
    kept = _widths("cfsp", _angle(0.1), None, _angle(0.3))
    low, high = (1 / (1 + math.exp(-x)) for x in (-1.31072, 1.31072))
    assert low + high == pytest.approx(1)  # so the mean of all three is 1/2
    assert kept(0.5) == pytest.approx([10 * low, 5, 10 * high])
    assert kept(0.25) == pytest.approx([5 * low, 2.5, 5 * high])
    # at 0.8 the last would keep 1.6 * 0.79 = 1.26 of its units: it keeps all, and others differ as much less
    assert kept(0.8) == pytest.approx([6, 8, 10])


def test_io_cosine_shares_out_rates() -> None:
    """Cosines 0.9, 0.6, 0.3: importance -0.3, 0, 0.3, scaled to -1, 0, 1: rates 2, 1 and, instead of 0, 0.05."""
    kept = _widths("io_cosine", *(Likeness(cosine, 0.0) for cosine in (0.9, 0.6, 0.3)))
    assert kept(1.0) == [10, 10, 10]
    assert kept(0.8) == pytest.approx([10 * (1 - 2 * 0.25), 10 * (1 - 0.25), 10 * (1 - 0.05 * 0.25)])
    assert kept(0.5) == pytest.approx([0, 0, 9.5])
    assert kept(0.0) == [0, 0, 0]


@pytest.mark.parametrize("name", ["cfsp", "io_cosine"])
def test_chains_without_blocks_are_shared_out_evenly(name: str) -> None:
    for known in ((None, None), (_angle(0.2), _angle(0.2))):
        found = _widths(name, *known)(0.6)
        assert found[0] == pytest.approx(found[1]) and 0 < found[0] < 10


@pytest.mark.parametrize("name", ["cfsp", "io_cosine"])
def test_nothing_to_share_out(name: str) -> None:
    assert _widths(name)(0.5) == []
