"""The tables that `analyze` prints."""

from __future__ import annotations

from rich.console import RenderableType

from onnxprune.cli.screen import facts, screen, show_all, table
from onnxprune.report import Survey
from onnxprune.report.survey import Lock
from onnxprune.report.units import percent, quantity, size, some

WIDE = 110


def show(summary: Survey, locked: bool) -> None:
    """The model as a whole, what each pass could take, and its groups: those that can go or those that can't."""
    kinds = [_kinds(summary)] if summary.kinds else []
    show_all(_summary(summary), *kinds, _locked(summary) if locked else _groups(summary))


def _summary(summary: Survey) -> RenderableType:
    unknown = ", ".join(f"{op} ({some(count, 'node')})" for op, count in summary.unknown_ops.items())
    return facts(
        [
            ("model", f"{summary.path}, {size(summary.bytes)}"),
            ("nodes", f"{summary.nodes}, {f'no rule for {unknown}' if unknown else 'all with a rule'}"),
            ("parameters", quantity(summary.params)),
            ("MACs", quantity(summary.macs)),
            ("groups", f"{len(summary.groups)} can go, {len(summary.locked)} are locked"),
        ]
    )


def _kinds(summary: Survey) -> RenderableType:
    rows = [
        (k.name, "yes" if k.default else "no", str(k.groups), str(k.units), percent(k.share)) for k in summary.kinds
    ]
    return table(("pass", "by default", "groups", "units", "of MACs"), rows, "llrrr")


def _groups(summary: Survey) -> RenderableType:
    if not summary.groups:
        return "nothing can go; --locked tells why"
    return _group_table(summary)


def _group_table(summary: Survey) -> RenderableType:
    """Every group that can go; on a wide screen with a node, for names like `val_41` say little."""
    head, align = ["group", "units", "pass", "exact", "of MACs", "axes"], "nrllrr"
    rows = [
        [g.id, str(g.units), g.kind or "none", "yes" if g.exact else "no", percent(g.share), str(g.members)]
        for g in summary.groups
    ]
    if screen().width >= WIDE:
        rows = [[*row, group.node] for row, group in zip(rows, summary.groups, strict=True)]
        head, align = [*head, "read by"], align + "n"
    return table(head, rows, align)


def _locked(summary: Survey) -> RenderableType:
    rows = [(lock.axis, str(lock.units), percent(lock.share), _cause(lock)) for lock in summary.locked]
    return table(("locked", "units", "of MACs", "by"), rows, "nrrt") if rows else "nothing is locked"


def _cause(lock: Lock) -> str:
    """The node and the cause in a sentence, and what can be done about it."""
    place = f"{lock.op} '{lock.node}'" if lock.op else f"'{lock.node}'"
    return f"{place}: {lock.reason}" + (f"; {lock.advice}" if lock.advice else "")
