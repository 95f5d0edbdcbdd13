"""`onnxprune explain`: what a weight is coupled to, and through which nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from onnxprune.cli.options import Model

if TYPE_CHECKING:
    from onnxprune.coupling import Analysis, Group, Site
    from onnxprune.coupling.explain import Letters


def explain(
    model: Model,
    site: Annotated[
        str, typer.Argument(metavar="SITE", help="INITIALIZER, INITIALIZER[AXIS] or a group.", show_default=False)
    ],
    other: Annotated[
        str | None, typer.Argument(metavar="[SITE]", help="Another one: are the two coupled?", show_default=False)
    ] = None,
) -> None:
    """Show what a weight is coupled to, or how two weights are coupled."""
    from onnxprune.cli.screen import stages
    from onnxprune.coupling.explain import locate
    from onnxprune.report import opened

    with stages() as progress:
        progress("analysing")
        found = opened(model)
    one = locate(found.analysis, site, found.copies)
    if other is None:
        _one(found.analysis, one)
    else:
        _two(found.analysis, one, locate(found.analysis, other, found.copies))


def _one(analysis: Analysis, sites: list[Site]) -> None:
    """The terms of the sites, then every group in them with its members and locks."""
    from onnxprune.coupling.explain import Letters, groups_of

    letters = Letters(analysis)
    for site in sites:
        _print(f"{site} = {letters.term(site.term)}")
    for group in groups_of(analysis, sites):
        _print()
        _group(analysis, group, letters)


def _group(analysis: Analysis, group: Group, letters: Letters) -> None:
    from onnxprune.coupling.explain import advice
    from onnxprune.report.units import some

    letter = letters.term(group.atom)
    if group.prunable:
        state = "goes only as a whole width, inexact" if group.inexact else "exact"
        _print(f"{letter}: {some(group.size, 'unit')} of group {group.id}, {state}")
    else:
        _print(f"{letter}: {some(group.size, 'unit')} of group {group.id}, locked")
    for cause in group.locked:
        _print(f"  locked by {cause}" + (f" ({advice(cause)})" if advice(cause) else ""))
    for cause in group.inexact:
        _print(f"  inexact by {cause}")
    for site in group.members:
        _print(f"  {site} = {letters.term(site.term)}")


def _two(analysis: Analysis, ones: list[Site], others: list[Site]) -> None:
    """Every pair of axes that share a group, with the path; else what keeps them apart."""
    from onnxprune.coupling.explain import Letters, couple

    letters = Letters(analysis)
    pairs = [(one, other, couple(analysis, one, other)) for one in ones for other in others]
    coupled = [pair for pair in pairs if pair[2].groups]
    for one, other, found in coupled[:1] if len(ones) > 2 and len(others) > 2 else coupled:
        shared = ", ".join(f"{letters.term(g.atom)} ({g.size} units)" for g in found.groups)
        _print(f"{one} = {letters.term(one.term)} and {other} = {letters.term(other.term)} share {shared}")
        for step in found.steps:
            _print(f"  {step.cause}: {step}")
    if not coupled:
        _print(f"{ones[0].tensor.name} and {others[0].tensor.name} are not coupled")
        for site in (*ones, *others):
            _print(f"  {site} = {letters.term(site.term)}")


def _print(text: str = "") -> None:
    print(text)
