"""The table that `bench` prints."""

from __future__ import annotations

from onnxprune.cli.screen import facts, show_all, table
from onnxprune.report import Benched
from onnxprune.report.record import Interval
from onnxprune.report.sentences import conditions, shapes
from onnxprune.report.units import seconds, times


def show(found: Benched) -> None:
    """Medians, and how many times as fast as the first model each is."""
    base, *others = found.models
    rows = [(base.path, seconds(base.time.median), "", "", "")]
    rows += [
        (
            model.path,
            seconds(model.time.median),
            times(model.speedup.value),
            _interval(model.speedup),
            times(model.cpu_speedup.value),
        )
        for model in others
    ]
    show_all(
        table(("model", "median", "as fast", "95 % interval", "by CPU time"), rows, "nrrrr"),
        facts([("inputs", shapes(found.shapes)), ("with", conditions(found.environment, found.rounds))]),
    )


def _interval(ratio: Interval) -> str:
    return "-" if ratio.low is None or ratio.high is None else f"{ratio.low:.2f} to {ratio.high:.2f}"
