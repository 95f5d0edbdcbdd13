"""An explanation for people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding

from onnxprune.cli.screen import show_all, table
from onnxprune.coupling.explanation import Axis, Explanation, Family, Pair

MOST_CAUSES = 3
STATES = {"inexact": "inexact: removing a unit is not the same as masking it"}


def show(found: Explanation) -> None:
    """Pairs with their paths, what keeps two apart, or groups with their members and locks."""
    show_all(*_parts(found))


def _parts(found: Explanation) -> Iterator[RenderableType]:
    equations = "\n".join(map(_equation, found.axes))
    if found.pairs:
        families = {family.id: family for family in found.groups}
        for pair in found.pairs:
            yield from _pair(pair, families)
    elif found.apart:
        yield from (found.apart, equations)
    else:
        yield from (equations, *map(_family, found.groups))


def _family(family: Family) -> RenderableType:
    state = STATES.get(family.state, family.state)
    head = f"{family.letter}: {family.units} units, group {family.id}, {state}"
    lines = [f"locked by {reason.cause}; {reason.advice}" for reason in family.locked[:MOST_CAUSES]]
    lines += [f"inexact by {cause}" for cause in family.inexact[:MOST_CAUSES]]
    lines += map(_equation, family.members)
    return Group(head, Padding.indent("\n".join(lines), 2))


def _pair(pair: Pair, families: dict[str, Family]) -> Iterator[RenderableType]:
    """What two axes share, and the path between them, if it isn't one axis: an axis a line, with the node that leads
    there."""
    shared = ", ".join(f"{families[group].letter} ({families[group].units} units)" for group in pair.groups)
    yield f"{_equation(pair.one)} and {_equation(pair.other)} share {shared}"
    if pair.path:
        rows = [("", pair.path[0].before, ""), *((tie.verb, tie.after, tie.cause) for tie in pair.path)]
        yield table(("", "axis", "by"), rows, "lnn")


def _equation(axis: Axis) -> str:
    """`conv.weight[1] = (h d)`."""
    return f"{axis.site} = {axis.term}"
