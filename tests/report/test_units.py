"""Numbers for people."""

import math

import pytest

from onnxprune.report.record import Interval
from onnxprune.report.units import error, fraction, percent, quantity, seconds, size, some, speedup, times


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (812, "812"), (999, "999"), (1000, "1.00 k"), (25_557_032, "25.6 M"), (4_090_000_000, "4.09 G")],
)
def test_quantity(value: int, text: str) -> None:
    assert quantity(value) == text


def test_rounding_never_makes_a_thousand() -> None:
    assert quantity(999_950) == "1.00 M" and size(1024 * 1023.9) == "1.00 MiB" and seconds(0.99996) == "1.00 s"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (102_150_654, "97.4 MiB"), (2**31, "2.00 GiB")],
)
def test_size(value: int, text: str) -> None:
    assert size(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 s"), (0.0123, "12.3 ms"), (2.5e-6, "2.50 µs"), (3e-8, "30.0 ns"), (7200, "7200 s")]
)
def test_seconds(value: float, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 %"), (1, "100.0 %"), (0.4989, "49.9 %"), (0.0035, "0.35 %"), (3e-5, "<0.01 %"), (2.136, "213.6 %")],
)
def test_percent(value: float, text: str) -> None:
    assert percent(value) == text


def test_errors_and_factors() -> None:
    assert error(5.12e-7) == "5.1e-07" and error(0.0732) == "0.0732" and error(0) == "0" and error(2020) == "2.02e+03"
    assert error(None) == error(math.inf) == "infinite"
    assert times(2.084) == "2.08x" and times(None) == "-"
    assert fraction(1, 2) == "50.0 %" and fraction(1, 0) == "-"
    assert some(1, "group") == "1 group" and some(0, "group") == "0 groups"
    assert speedup(Interval(2.084, 2.01, 2.13)) == "2.08x as fast (95 % interval 2.01 to 2.13)"
    assert speedup(Interval(None, None, None)) == "-"
