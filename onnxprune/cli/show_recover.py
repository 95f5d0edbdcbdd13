"""What `recover` prints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onnxprune.cli.screen import facts, show_all, table
from onnxprune.report.record import Moment, Recovered
from onnxprune.report.sentences import closeness, inputs, recovered
from onnxprune.report.units import percent, seconds

MOST_ROWS = 12


def show(record: Recovered, written: Sequence[Path]) -> None:
    """The curve, both models' fidelity, and what was written."""
    rows = [_row(record, moment) for moment in _some(record.curve)]
    where = inputs(record.data)
    show_all(
        table(("", "step", "time", "loss", "fidelity loss"), rows, "lrrrr"),
        facts(
            [
                ("recovery", recovered(record)),
                ("before", closeness(record.before, where)),
                ("after", closeness(record.after, where)),
                *(("written" if i == 0 else "", str(path)) for i, path in enumerate(written)),
            ]
        ),
    )


def _row(record: Recovered, moment: Moment) -> tuple[str, str, str, str, str]:
    kept = "kept" if moment == record.curve[record.best] else ""
    loss = "-" if moment.loss is None else f"{moment.loss:.3g}"
    lost = "-" if moment.fidelity is None else percent(moment.fidelity)
    return kept, str(moment.step), seconds(moment.seconds), loss, lost


def _some(curve: Sequence[Moment]) -> list[Moment]:
    """The first, the last, and evenly some between."""
    if len(curve) <= MOST_ROWS:
        return list(curve)
    last = len(curve) - 1
    return [curve[round(i * last / (MOST_ROWS - 1))] for i in range(MOST_ROWS)]
