"""`onnxprune list`: what is registered."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from onnxprune.cli.options import Json

Row = dict[str, str]


class What(StrEnum):
    """The registries."""

    passes = "passes"
    criteria = "criteria"
    budgets = "budgets"
    ops = "ops"


def listing(
    what: Annotated[What, typer.Argument(help="The registry to list.", show_default=False)],
    json: Json = False,
) -> None:
    """List passes, criteria, budgets or the rules of operators."""
    rows = _REGISTRIES[what]()
    if json:
        from json import dumps

        print(dumps(rows, indent=1, ensure_ascii=False))
        return
    from onnxprune.cli.screen import show_all, table

    head = list(rows[0])
    show_all(table(head, [list(row.values()) for row in rows], "l" * len(head)))


def _passes() -> list[Row]:
    from onnxprune.pruning import available

    return [
        {
            "pass": name,
            "by default": "yes" if kind.default else "no",
            "exact": "yes" if kind.exact else "no",
            "options": ", ".join(f"{f.name}={f.default}" for f in dataclasses.fields(kind)),
            "from": kind.__module__.partition(".")[0],
            "what it removes": _first_line(kind.__doc__),
        }
        for name, kind in available().items()
    ]


def _criteria() -> list[Row]:
    from onnxprune.criteria import criteria

    return [{"criterion": entry.name, "score of a unit": entry.summary} for entry in criteria()]


def _budgets() -> list[Row]:
    from onnxprune.budget import budgets

    return [{"budget": entry.name, "how removal is shared out": entry.summary} for entry in budgets()]


def _ops() -> list[Row]:
    from onnxprune.coupling import rules
    from onnxprune.coupling.structural import structures

    rows = [(r.domain, r.op, _opsets(r.since, r.until), r.summary) for r in rules()]
    rows += [(domain, op, "1-", summary) for domain, op, summary in structures()]
    return [
        {"domain": domain or "ai.onnx", "op": op, "opsets": opsets, "rule": summary}
        for domain, op, opsets, summary in sorted(rows)
    ]


def _opsets(since: int, until: int) -> str:
    """`13-` from 13 on, `1-12` up to 12."""
    return f"{since}-" if until >= 10**6 else f"{since}-{until - 1}"


def _first_line(text: str | None) -> str:
    return (text or "").strip().split("\n")[0]


_REGISTRIES: dict[What, Callable[[], list[Row]]] = {
    What.passes: _passes,
    What.criteria: _criteria,
    What.budgets: _budgets,
    What.ops: _ops,
}
