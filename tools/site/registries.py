"""Reference pages of what is registered: passes, criteria, budgets, repairs, methods of making weights sparse."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from onnxprune import pruning
from onnxprune.budget import budgets
from onnxprune.criteria import Criterion, Needs, criteria
from onnxprune.pruning import available
from onnxprune.repair import repairs
from onnxprune.sparse import sparsifiers
from tools.table import table

KNOWN = {
    Needs.WEIGHTS: "weights alone: no data, nothing is run",
    Needs.MOMENTS: "data: means and squares of what layers read",
    Needs.COVARIANCES: "data: covariances of what layers read",
    Needs.POSITIONS: "data: some of what layers read, position by position",
}

USES = (
    ("Weights alone", "For a first look, for huge models, and where there are no data.", lambda c: _plain(c, False)),
    ("Weights and data", "The model is run over the data once (`--data`).", lambda c: _plain(c, True)),
    (
        "Trials",
        "The model is run under masks many times, which takes minutes and asks the outputs.",
        lambda c: c.trials,
    ),
    ("Gradients", "Needs the extra `torch`; labels are optional (`--labels`).", lambda c: c.gradients),
)


def _plain(one: Criterion, data: bool) -> bool:
    return not one.trials and not one.gradients and (one.needs != Needs.WEIGHTS) is data


class Listed(Protocol):
    """What every registered entry has."""

    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str: ...


def criteria_page() -> str:
    """Criteria by what they need, each in its own words."""
    parts = ["# Criteria", _intro_of_criteria()]
    for title, use, fits in USES:
        chosen = [one for one in criteria() if fits(one)]
        parts += [f"## {title}", use, *(text for one in chosen for text in _criterion(one))]
    return _joined(parts)


def _intro_of_criteria() -> str:
    default = {True: pruning.Options(calibration="calib.npz").scored_by, False: pruning.Options().scored_by}
    rows = [(f"[`{c.name}`](#{c.name})", c.looks_at, c.aggregate or "jointly", c.summary) for c in criteria()]
    return (
        "How a unit is scored (`--criterion NAME`): a higher score stays longer. The default is "
        f"`{default[True]}` with data and `{default[False]}` without.\n\n"
        + _left(("criterion", "needs", "members", "the score of a unit"), rows)
        + "\n\n*members*: how the values of several coupled weights, or layers that read a unit, become one, "
        "as it was published; `--aggregate` overrides it. *jointly*: it judges all of them as one."
    )


def _criterion(one: Criterion) -> Iterator[str]:
    facts = [("looks at", KNOWN[one.needs])]
    if one.trials:
        facts.append(("runs", "masked models, on up to 64 samples"))
    if one.gradients:
        facts.append(("gradients", "of the model's loss on data, through the extra `torch`"))
    facts.append(("members", f"`{one.aggregate}`" if one.aggregate else "judged jointly"))
    if one.losses:
        facts.append(("scores", "are losses: those of several groups compare and add up, so a budget may weigh them"))
    yield from _entry(one.name, one.function, facts)


def budgets_page() -> str:
    """Budgets, each in its own words."""
    head = "How removal is shared out over groups (`--budget NAME`)."
    words = {"scores": "scores alone", "blocks": "what blocks do on data", "trials": "what masks do on data"}
    entries = [
        text
        for one in budgets()
        for text in _entry(
            one.name,
            one.widths or one.choose,
            [
                ("looks at", words[one.needs.name.lower()]),
                ("chooses", "widths for the target itself" if one.choose else "by a level that is searched"),
            ],
        )
    ]
    return _joined(["# Budgets", head, _summary("budget", budgets()), *entries])


def repairs_page() -> str:
    """Repairs, each in its own words."""
    head = "What makes up for the units that go (`--repair NAME`, `--repair none`)."
    entries = [text for one in repairs() for text in _entry(one.name, one.function, [])]
    return _joined(["# Repairs", head, _summary("repair", repairs()), *entries])


def sparsifiers_page() -> str:
    """Methods of making weights sparse, each in its own words."""
    head = "Which weights become zero, and what the others become (`--pass 'sparsify{method=NAME}'`)."
    entries = [text for one in sparsifiers() for text in _entry(one.name, one.function, [("looks at", one.needs)])]
    return _joined(["# Sparsifiers", head, _summary("sparsifier", sparsifiers()), *entries])


def passes_page() -> str:
    """Passes with their options."""
    parts = ["# Passes", "What may go (`--pass NAME`, `--pass 'NAME{option=value}'`; repeatable)."]
    for name, kind in available().items():
        facts = [("runs", str(kind.runs())), ("exact", "yes" if kind.exact else "no: only where it is named")]
        parts += _entry(name, kind, facts)
        options = [(f"`{f.name}`", f"`{f.default!r}`", f"`{f.type}`") for f in dataclasses.fields(kind)]
        parts += [_left(("option", "default", "type"), options)] if options else []
    return _joined(parts)


def _summary(kind: str, entries: Iterable[Listed]) -> str:
    return _left((kind, "what it does"), [(f"[`{e.name}`](#{e.name})", e.summary) for e in entries])


def _entry(name: str, documented: Callable[..., object] | type | None, facts: Iterable[tuple[str, str]]) -> list[str]:
    """A heading, the docstring and facts."""
    text = inspect.getdoc(documented) or ""
    first, _, rest = text.partition("\n\n")
    told = "\n".join(f"- {key}: {value}" for key, value in facts)
    heading = f"### `{name}` {{ #{name} }}"
    return [part for part in (heading, " ".join(first.split()), rest, told) if part]


def _left(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table set to the left."""
    lines = table(head, list(rows)).splitlines()
    lines[1] = "| " + " | ".join("---" for _ in head) + " |"
    return "\n".join(lines)


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"
