"""`onnxprune explain`: what a weight is coupled to, and through which nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from onnxprune.cli.options import Json, Model, Quiet

if TYPE_CHECKING:
    from rich.console import RenderableType

    from onnxprune.coupling import Analysis, Group, Site
    from onnxprune.coupling.explain import Coupling, Letters

MOST_CAUSES = 3


def explain(
    model: Model,
    site: Annotated[
        str,
        typer.Argument(
            metavar="SITE", help="TENSOR, TENSOR[AXIS], TENSOR[AXIS][FIRST:END], a node or a group.", show_default=False
        ),
    ],
    other: Annotated[
        str | None,
        typer.Argument(metavar="[SITE]", help="Another one: are the two coupled?", show_default=False),
    ] = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Show what a weight is coupled to, and how."""
    from onnxprune.cli.screen import show_all, stages
    from onnxprune.coupling.sites import locate
    from onnxprune.directory import the_model
    from onnxprune.report import opened

    with stages(quiet) as progress:
        progress("analysing")
        found = opened(the_model(model))
    ones = locate(found.analysis, site, found.copies)
    others = [] if other is None else locate(found.analysis, other, found.copies)
    if json:
        _print(found.analysis, ones, others)
    else:
        show_all(*(_two(found.analysis, ones, others) if others else _one(found.analysis, ones)))


def _print(analysis: Analysis, ones: list[Site], others: list[Site]) -> None:
    """The same as JSON."""
    from onnxprune.cli.show_explain import explained
    from onnxprune.coupling.explain import Letters, couple
    from onnxprune.report import to_json

    pairs = [(one, other, couple(analysis, one, other)) for one in ones for other in others]
    coupled = any(found.groups and str(one) != str(other) for one, other, found in pairs)
    apart = _apart(analysis, ones, others, Letters(analysis)) if others and not coupled else ""
    print(to_json(explained(analysis, [*ones, *others], pairs, apart)), end="")


def _one(analysis: Analysis, sites: list[Site]) -> list[RenderableType]:
    """The terms of the sites, then every group in them with its members and locks."""
    from onnxprune.coupling.explain import Letters, groups_of

    letters = Letters(analysis)
    terms = "\n".join(_equation(site, letters) for site in sites)
    return [terms, *(_group(group, letters) for group in groups_of(analysis, sites))]


def _group(group: Group, letters: Letters) -> str:
    state = "exact" if not group.inexact else "inexact: removing a unit is not the same as masking it"
    if not group.prunable:
        state = "locked"
    lines = [f"{letters.term(group.atom)}: {group.size} units, group {group.id}, {state}"]
    lines += [f"  locked by {cause}; {cause.ground.advice}" for cause in group.locked[:MOST_CAUSES]]
    lines += [f"  inexact by {cause}" for cause in group.inexact[:MOST_CAUSES]]
    return "\n".join([*lines, *(f"  {_equation(site, letters)}" for site in group.members)])


def _two(analysis: Analysis, ones: list[Site], others: list[Site]) -> list[RenderableType]:
    """Every pair of axes that share a group, with the path; else what keeps them apart."""
    from onnxprune.coupling.explain import Letters, couple

    letters = Letters(analysis)
    pairs = [(one, other, couple(analysis, one, other)) for one in ones for other in others]
    parts = [part for one, other, found in pairs for part in _pair(one, other, found, letters)]
    if parts:
        return parts
    equations = "\n".join(dict.fromkeys(_equation(site, letters) for site in (*ones, *others)))
    return [_apart(analysis, ones, others, letters), equations]


def _apart(analysis: Analysis, ones: list[Site], others: list[Site], letters: Letters) -> str:
    """That no axis of the one shares units with one of the other, and where their groups meet."""
    from onnxprune.coupling.meeting import nearest

    found = nearest(analysis, ones, others)
    if found is None:
        return f"{_whole(ones)} and {_whole(others)} are not coupled: no node has units of both that could go"
    one, other, meeting = found
    where = meeting.sentence(str(one), str(other), letters.term)
    return f"{_whole(ones)} and {_whole(others)} are not coupled: {where}"


def _whole(sites: list[Site]) -> str:
    """A site's name; the tensor's where there are several."""
    return str(sites[0]) if len(sites) == 1 else sites[0].tensor.name


def _pair(one: Site, other: Site, found: Coupling, letters: Letters) -> list[RenderableType]:
    """What two axes share, and the path between them: an axis a line, with the node that leads there."""
    from onnxprune.cli.screen import table

    if not found.groups or str(one) == str(other):
        return []
    shared = ", ".join(f"{letters.term(g.atom)} ({g.size} units)" for g in found.groups)
    title = f"{_equation(one, letters)} and {_equation(other, letters)} share {shared}"
    rows = [("", found.steps[0].before, "")] + [(s.verb, s.after, f"{s.cause}") for s in found.steps]
    return [title, table(("", "axis", "by"), rows, "lnn")]


def _equation(site: Site, letters: Letters) -> str:
    """`conv.weight[1] = (h d)`."""
    return f"{site} = {letters.term(site.term)}"
