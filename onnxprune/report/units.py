"""Numbers as people read them: three significant digits and a unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

from onnxprune.report.record import Interval

_DECIMAL = ("", " k", " M", " G", " T", " P")
_BINARY = (" B", " KiB", " MiB", " GiB", " TiB")
_TIME = (" ns", " µs", " ms", " s")


def quantity(value: float) -> str:
    """A count: 812, 25.6 M, 4.12 G."""
    return f"{value:.0f}" if abs(value) < 1000 else _scaled(value, 1000, _DECIMAL)


def size(value: float) -> str:
    """Bytes: 97.5 MiB."""
    return f"{value:.0f} B" if abs(value) < 1024 else _scaled(value, 1024, _BINARY)


def seconds(value: float) -> str:
    """A time given in seconds: 12.3 ms."""
    return _scaled(value * 1e9, 1000, _TIME) if value else "0 s"


def percent(share: float) -> str:
    """A share: 49.9 %, 0.35 %, and below a hundredth of a percent that it is less."""
    value = 100 * share
    if 0 < value < 0.01:
        return "<0.01 %"
    return f"{value:.1f} %" if value >= 1 else f"{value:.2g} %"


def error(value: float | None) -> str:
    """A deviation: 5.1e-07, 0.073; None (see `finite`) and infinity are words."""
    if value is None or not math.isfinite(value):
        return "infinite"
    return f"{value:.1e}" if 0 < abs(value) < 1e-3 or abs(value) >= 1e4 else f"{value:.3g}"


def times(value: float | None) -> str:
    """A factor: 2.08x."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.2f}x"


def fraction(after: float, before: float) -> str:
    """What is left, in percent; a dash where there was nothing before."""
    return percent(after / before) if before else "-"


def speedup(ratio: Interval) -> str:
    """A speed-up with its interval: 2.08x as fast (95 % interval 2.01 to 2.13)."""
    if ratio.value is None or ratio.low is None or ratio.high is None:
        return "-"
    return f"{times(ratio.value)} as fast (95 % interval {ratio.low:.2f} to {ratio.high:.2f})"


def some(count: int, noun: str) -> str:
    """A number of things: 1 group, 3 groups."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _scaled(value: float, base: int, units: Sequence[str]) -> str:
    step = 0
    while step < len(units) - 1 and abs(value) >= base - 0.5:
        value, step = value / base, step + 1
    digits = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2
    return f"{value:.{digits}f}{units[step]}"
