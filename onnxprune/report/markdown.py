"""report.md: the report as tables that fit a pull-request comment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath

from onnxprune.report import stage_sentences
from onnxprune.report.findings import findings
from onnxprune.report.record import Report
from onnxprune.report.units import fraction, percent, quantity, seconds, size, some

MOST_LOCKED = 5


def markdown(report: Report) -> str:
    """The text of report.md."""
    parts = [
        f"## {_code(PurePath(report.source.path).name)}: pruned by onnxprune",
        _before_after(report),
        _stages(report),
        "\n".join(f"- {label}: {_escape(text)}" for label, text in findings(report)),
        _passes(report),
        _locked(report),
        _groups(report),
        _sparse_layers(report),
        _footer(report),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _before_after(report: Report) -> str:
    before, after = report.before, report.after
    rows = [
        (
            "parameters",
            quantity(before.params),
            quantity(after.params),
            fraction(after.params, before.params),
        ),
        ("MACs", quantity(before.macs), quantity(after.macs), fraction(after.macs, before.macs)),
        ("bytes", size(before.bytes), size(after.bytes), fraction(after.bytes, before.bytes)),
    ]
    timed = report.latency
    if timed:
        medians = timed.before.median, timed.after.median
        rows.append(("latency, median", seconds(medians[0]), seconds(medians[1]), fraction(*medians[::-1])))
    return _table(("", "before", "after", "left"), rows, "lrrr")


def _stages(report: Report) -> str:
    rows = [tuple(_escape(cell) for cell in row) for row in stage_sentences.rows(report)]
    return _table(stage_sentences.HEAD, rows, stage_sentences.ALIGN) if rows else ""


def _passes(report: Report) -> str:
    rows = [(p.name, f"{p.narrowed} of {p.offered}", str(p.units_before), str(p.units_after)) for p in report.passes]
    return _table(("pass", "groups narrowed", "units before", "units after"), rows, "lrrr") if rows else ""


def _locked(report: Report) -> str:
    rows = [
        (percent(lock.share), percent(lock.params), "nature" if lock.natural else "limit", _escape(lock.sentence))
        for lock in report.locked[:MOST_LOCKED]
    ]
    if not rows:
        return ""
    return _folded("What can't go", _table(("of MACs", "of parameters", "because of", "why"), rows, "rrll"))


def _groups(report: Report) -> str:
    rows = [(_code(g.id), g.kind, str(g.before), str(g.after), "yes" if g.exact else "no") for g in report.groups]
    if not rows:
        return ""
    table = _table(("group", "pass", "before", "after", "exact"), rows, "llrrl")
    return _folded(f"Widths of {some(len(rows), 'group')}", table)


def _sparse_layers(report: Report) -> str:
    rows = [
        (
            _code(layer.initializer),
            layer.pattern,
            percent(layer.sparsity),
            str(layer.rows),
            f"{layer.dense_us:.1f}" if layer.dense_us else "-",
            f"{layer.sparse_us:.1f}" if layer.sparse_us else "-",
            "-" if layer.gain is None else f"{layer.gain:.2f}",
            f"dense: {_escape(layer.why_dense)}" if layer.why_dense else "sparse",
        )
        for layer in report.sparse_layers
    ]
    if not rows:
        return ""
    head = ("weight", "pattern", "zeros", "rows", "dense, µs", "sparse, µs", "times as fast", "becomes")
    return _folded(f"What zeros gain in {some(len(rows), 'weight')}, predicted", _table(head, rows, "llrrrrrl"))


def _footer(report: Report) -> str:
    used = report.environment
    threads = some(used.threads, "thread")
    return (
        f"onnxprune {used.onnxprune}, ONNX Runtime {used.onnxruntime} ({used.provider}, {threads}), "
        f"Python {used.python}, {used.cpu}. The same again: {_code(report.command)}"
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    rule = ["---:" if side == "r" else "---" for side in align]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, rule, *rows))


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _code(text: str) -> str:
    """A name as code: a pipe would end the cell, a backtick the code."""
    return "`" + text.replace("`", "'").replace("|", "\\|") + "`"


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
