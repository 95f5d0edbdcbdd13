"""`onnxprune list`: what is registered."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import typer

from onnxprune.cli.options import Json
from onnxprune.words import first_line


class What(StrEnum):
    """The registries."""

    passes = "passes"
    criteria = "criteria"
    budgets = "budgets"
    repairs = "repairs"
    sparsifiers = "sparsifiers"
    ops = "ops"


@dataclass(frozen=True)
class Listing:
    """Rows for machines; for people a head and an alignment (`screen.table`) for some of their keys."""

    head: dict[str, str]
    align: str
    rows: list[dict[str, Any]]

    @property
    def shown(self) -> list[list[str]]:
        return [[_text(row[key]) for key in self.head] for row in self.rows]


def listing(
    what: Annotated[What, typer.Argument(metavar="WHAT", help="The registry to list.", show_default=False)],
    json: Json = False,
) -> None:
    """List passes, criteria, budgets, repairs, sparsifiers or ops. These are the operators that have a rule."""
    found = _REGISTRIES[what]()
    if json:
        from json import dumps

        print(dumps(found.rows, indent=1, ensure_ascii=False))
        return
    from onnxprune.cli.screen import show_all, table

    show_all(table(list(found.head.values()), found.shown, found.align))


def _passes() -> Listing:
    from onnxprune.pruning import available

    rows = [
        {
            "name": name,
            "default": kind.default,
            "runs": kind.runs(),
            "exact": kind.exact,
            "options": {f.name: f.default for f in dataclasses.fields(kind)},
            "package": kind.__module__.partition(".")[0],
            "summary": first_line(kind),
        }
        for name, kind in available().items()
    ]
    head = {"name": "pass", "runs": "runs", "exact": "exact", "options": "options"}
    return Listing({**head, "summary": "what it does"}, "llltt", rows)


def _criteria() -> Listing:
    from onnxprune.criteria import criteria

    rows = [
        {"name": c.name, "needs": c.looks_at, "members": c.aggregate or "jointly", "summary": c.summary}
        for c in criteria()
    ]
    head = {"name": "criterion", "needs": "needs", "members": "members", "summary": "the score of a unit"}
    return Listing(head, "lllt", rows)


def _budgets() -> Listing:
    from onnxprune.budget import budgets

    rows = [{"name": entry.name, "needs": entry.needs.name.lower(), "summary": entry.summary} for entry in budgets()]
    return Listing({"name": "budget", "needs": "needs", "summary": "how removal is shared out"}, "llt", rows)


def _repairs() -> Listing:
    from onnxprune.repair import repairs

    rows = [{"name": entry.name, "summary": entry.summary} for entry in repairs()]
    return Listing({"name": "repair", "summary": "what makes up for the units that go"}, "lt", rows)


def _sparsifiers() -> Listing:
    from onnxprune.sparse import sparsifiers

    rows = [{"name": entry.name, "needs": entry.needs, "summary": entry.summary} for entry in sparsifiers()]
    head = {"name": "sparsifier", "needs": "needs", "summary": "which weights become zero, and what the others become"}
    return Listing(head, "llt", rows)


def _ops() -> Listing:
    from onnxprune.coupling import rules
    from onnxprune.coupling.structural import structures

    found = [(r.domain, r.op, _opsets(r.since, r.until), r.summary) for r in rules()]
    found += [(domain, op, _opsets(1, 10**6), summary) for domain, op, summary in structures()]
    rows = [
        {
            "domain": domain or "ai.onnx",
            "op": op,
            "name": f"{domain}::{op}" if domain else op,
            "opsets": opsets,
            "rule": rule,
        }
        for domain, op, opsets, rule in sorted(found)
    ]
    return Listing({"name": "op", "opsets": "opsets", "rule": "rule"}, "llt", rows)


def _opsets(since: int, until: int) -> str:
    """`13-` from 13 on, `1-12` up to 12."""
    return f"{since}-" if until >= 10**6 else f"{since}-{until - 1}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return " ".join(f"{key}={entry}" for key, entry in value.items())
    return str(value)


_REGISTRIES: dict[What, Callable[[], Listing]] = {
    What.passes: _passes,
    What.criteria: _criteria,
    What.budgets: _budgets,
    What.repairs: _repairs,
    What.sparsifiers: _sparsifiers,
    What.ops: _ops,
}
