"""The tables that `compare` prints."""

from __future__ import annotations

from onnxprune.cli.screen import facts, show_all, table
from onnxprune.report import Comparison
from onnxprune.report.sentences import closeness, conditions, inputs, shapes
from onnxprune.report.units import fraction, quantity, seconds, size, some, speedup

MOST_OPS = 12


def show(found: Comparison) -> None:
    """The models as wholes, then the ops that take the most time."""
    before, after, timed = found.before, found.after, found.latency
    rows = [
        (
            "parameters",
            quantity(before.params),
            quantity(after.params),
            fraction(after.params, before.params),
        ),
        ("MACs", quantity(before.macs), quantity(after.macs), fraction(after.macs, before.macs)),
        ("bytes", size(before.bytes), size(after.bytes), fraction(after.bytes, before.bytes)),
        (
            "peak memory",
            size(before.peak_memory),
            size(after.peak_memory),
            fraction(after.peak_memory, before.peak_memory),
        ),
        (
            "latency, median",
            seconds(timed.before.median),
            seconds(timed.after.median),
            fraction(timed.after.median, timed.before.median),
        ),
    ]
    findings = [
        ("speed", speedup(timed.speedup)),
        ("fidelity", closeness(found.fidelity, inputs(found.data))),
        ("inputs", shapes(timed.shapes)),
        ("with", conditions(found.environment, timed.rounds)),
    ]
    show_all(
        table(("", "dense", "pruned", "left"), rows, "lrrr"),
        table(("time per run by op", "dense", "pruned", "left"), _ops(found), "lrrr"),
        facts(findings),
    )


def _ops(found: Comparison) -> list[tuple[str, str, str, str]]:
    """The slowest ops by name, all others in one row."""
    ranked = sorted(found.ops, key=lambda op: -max(op.before, op.after))
    named, rest = ranked[:MOST_OPS], ranked[MOST_OPS:]
    rows = [(op.op, op.before, op.after) for op in named]
    if rest:
        rows.append((some(len(rest), "other op"), sum(op.before for op in rest), sum(op.after for op in rest)))
    return [(name, seconds(before), seconds(after), fraction(after, before)) for name, before, after in rows]
