"""How long, as text."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from onnxprune.errors import InputError
from onnxprune.recovery import Effort
from onnxprune.recovery.schedule import rate


@pytest.mark.parametrize(
    ("text", "effort"),
    [
        ("15m", Effort(seconds=900)),
        ("90s", Effort(seconds=90)),
        ("0.5h", Effort(seconds=1800)),
        ("2000", Effort(steps=2000)),
    ],
)
def test_minutes_or_steps(text: str, effort: Effort) -> None:
    assert Effort.parse(text) == effort
    assert Effort.parse(effort.text) == effort


@pytest.mark.parametrize("text", ["", "m", "-3", "0", "1.5", "ten", "3d", "nan", "1e3"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no time to train"):
        Effort.parse(text)


def test_done_is_a_share() -> None:
    assert Effort(steps=10).done(5, 1e9) == 0.5
    assert Effort(seconds=10).done(10**9, 20.0) == 2
    assert Effort().done(10**9, 1e9) == 0


def test_the_rate_goes_up_once_and_down_to_nothing() -> None:
    rates = [rate(i / 1000) for i in range(1001)]
    peak = rates.index(max(rates))
    assert max(rates) == pytest.approx(1, abs=1e-3) and 40 < peak < 60
    assert rates[0] > 0 and rates[-1] == 0
    assert all(a < b for a, b in pairwise(rates[:peak]))
    assert all(a > b for a, b in pairwise(rates[peak:]))
    assert rates[525] == pytest.approx(0.5, abs=1e-2) and math.isclose(rate(2), 0)
