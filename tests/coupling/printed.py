"""An analysis as text: what the golden files hold."""

from __future__ import annotations

from collections.abc import Iterator

from onnxprune.coupling import Analysis, Group
from onnxprune.coupling.terms import Atom, Term, show

PLAIN = ("graph input", "graph output", "axis that the op works along", "read as a parameter of the op")
"""Reasons that say nothing about a block."""


class Names:
    """A letter for every group that may lose units, in order; all else is called by its length."""

    def __init__(self, analysis: Analysis) -> None:
        letters = (chr(ord("a") + i) if i < 26 else f"a{i}" for i in range(10**3))
        self.letters = {group.atom: next(letters) for group in analysis.prunable}

    def __call__(self, leaf: Atom) -> str:
        return self.letters.get(leaf, "?" if leaf.size is None else str(leaf.size))

    def term(self, term: Term) -> str:
        return show(term, self)


def printed(analysis: Analysis, title: str) -> str:
    """Groups with members, roles and reasons, and the terms of every tensor."""
    names = Names(analysis)
    lines = [title, ""]
    for group in analysis.prunable:
        lines += _group(group, names)
    lines += ["locked", *_locked(analysis), "", "terms", *_terms(analysis, names)]
    return "\n".join(lines) + "\n"


def _group(group: Group, names: Names) -> Iterator[str]:
    roles = f"  {' '.join(sorted(group.roles))}" if group.roles else ""
    yield f"{names(group.atom)} = {group.id}  {group.size}{roles}"
    for cause in group.inexact:
        yield f"    inexact: {cause}"
    for site in group.members:
        yield f"    {site}  {names.term(site.term)}"
    yield ""


def _locked(analysis: Analysis) -> Iterator[str]:
    for group in analysis.groups:
        reasons = [str(cause) for cause in group.locked]
        telling = [reason for reason in reasons if not reason.endswith(PLAIN)]
        if reasons and group.size > 1:
            yield f"    {group.id}  {group.size}  {'; '.join(telling or reasons)}"


def _terms(analysis: Analysis, names: Names) -> Iterator[str]:
    stored = {site.tensor.name for site in analysis.sites}
    for name, axes in analysis.terms.items():
        if name not in stored and axes:
            yield f"    {name}: {' '.join(map(names.term, axes))}"
