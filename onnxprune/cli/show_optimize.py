"""The table that `optimize` prints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.console import RenderableType

from onnxprune.cli.screen import facts, show_all, table
from onnxprune.cli.show_analyze import lock_table
from onnxprune.report import stage_sentences
from onnxprune.report.record import Report
from onnxprune.report.sentences import aim, blind, fidelity, masked, proofs, recovered, searched, sparse
from onnxprune.report.units import fraction, quantity, seconds, size, some, speedup

MOST_LOCKED = 8


def show(report: Report, paths: list[Path]) -> None:
    """Before and after, the findings, what is locked if the target was missed, and what was written."""
    show_all(
        table(("", "before", "after", "left"), _rows(report), "lrrr"),
        *_stages(report),
        *_locked(report),
        facts([*_findings(report), *_untried(report), *_written(report, paths)]),
    )


def _rows(report: Report) -> list[tuple[str, str, str, str]]:
    before, after, timed = report.before, report.after, report.latency
    rows = [
        _row("parameters", quantity, before.params, after.params),
        _row("MACs", quantity, before.macs, after.macs),
        _row("bytes", size, before.bytes, after.bytes),
    ]
    if timed:
        rows.append(_row("latency, median", seconds, timed.before.median, timed.after.median))
    return rows


def _row(label: str, unit: Callable[[float], str], before: float, after: float) -> tuple[str, str, str, str]:
    return label, unit(before), unit(after), fraction(after, before)


def _stages(report: Report) -> list[RenderableType]:
    return [table(stage_sentences.HEAD, stage_sentences.rows(report), stage_sentences.ALIGN)] if report.stages else []


def _findings(report: Report) -> list[tuple[str, str]]:
    rows = [("target", aim(report.target))] if report.target else []
    rows += searched(report)
    rows += [("masks", masked(report.masks))] if report.masks else []
    if report.latency:
        rows.append(("speed", speedup(report.latency.speedup)))
    rows += [("recovery", recovered(report.recovery))] if report.recovery else []
    rows += [("fidelity", fidelity(report)), ("proof", proofs(report))]
    rows += [
        (
            f"pass {p.name}",
            f"narrowed {p.narrowed} of {some(p.offered, 'group')}, {p.units_before} to {p.units_after} units",
        )
        for p in report.passes
    ]
    rows += blind(report)
    rows += sparse(report)
    if report.unknown_ops:
        rows.append(("no rule for", ", ".join(f"{op} ({some(n, 'node')})" for op, n in report.unknown_ops.items())))
    return rows


def _locked(report: Report) -> list[RenderableType]:
    """What stood in the way of a target that was missed."""
    missed = report.target is not None and not report.target.met
    return [lock_table(report.locked[:MOST_LOCKED])] if report.locked and missed else []


def _untried(report: Report) -> list[tuple[str, str]]:
    """Passes that could bring a missed target nearer."""
    missed = report.target is not None and not report.target.met
    return [("not tried", f"{', '.join(report.untried)} (--pass)")] if report.untried and missed else []


def _written(report: Report, paths: list[Path]) -> list[tuple[str, str]]:
    names = [file.path for file in report.outputs] + [str(path) for path in paths]
    return [("written" if i == 0 else "", name) for i, name in enumerate(names)]
