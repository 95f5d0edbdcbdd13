"""The table that `optimize` prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from onnxprune.cli.screen import facts, screen, table
from onnxprune.report.record import Report
from onnxprune.report.sentences import aim, fidelity, proof
from onnxprune.report.units import percent, quantity, seconds, size, some, times

MOST_LOCKED = 8


def show(report: Report, paths: list[Path]) -> None:
    """Before and after, the findings, what is locked if the target was missed, and what was written."""
    console = screen()
    console.print(table(("", "before", "after", "left", ""), _rows(report), "lrrrl"))
    console.print()
    console.print(facts(_findings(report)))
    if report.target and not report.target.met:
        console.print()
        _locked(report)
    console.print()
    console.print(facts(_written(report, paths)))


def _rows(report: Report) -> list[tuple[str, str, str, str, str]]:
    before, after = report.before, report.after
    rows = [
        _row("parameters", quantity, before.params, after.params),
        _row("MACs", quantity, before.macs, after.macs),
        _row("bytes", size, before.bytes, after.bytes),
    ]
    if report.latency:
        timed = report.latency
        fast = timed.speedup
        row = _row("latency, median", seconds, timed.before.median, timed.after.median)
        note = f"{times(fast.value)} as fast (95 %: {fast.low:.2f} to {fast.high:.2f})"
        rows.append((*row[:4], note))
    return rows
