"""What can be told of an axis, or of two, as a record: people and programs read views of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onnxprune.coupling.analysis import Analysis, Group, Site
from onnxprune.coupling.explain import Coupling, Letters, couple, groups_of
from onnxprune.coupling.meeting import nearest


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis and its term in the notation of rules."""

    site: str
    term: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why units are locked: by which node, and what can be done about it."""

    cause: str
    advice: str


@dataclass(frozen=True, slots=True)
class Family:
    """A group with all its members; letter: what it is called in terms; state: exact, inexact or locked; inexact: the
    nodes for which removing a unit is not the same as masking it"""

    id: str
    letter: str
    units: int
    state: str
    locked: list[Reason]
    inexact: list[str]
    members: list[Axis]


@dataclass(frozen=True, slots=True)
class Tie:
    """A step of the path between two axes: what `after` is to `before`, and the node that ties them."""

    before: str
    verb: str
    after: str
    cause: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two axes that share groups, by their ids, and the path between them for the first, empty for runs of one axis."""

    one: Axis
    other: Axis
    groups: list[str]
    path: list[Tie]


@dataclass(frozen=True, slots=True)
class Explanation:
    """axes: those asked about; groups: all in their terms; pairs: of axes that are coupled, where two were asked about;
    apart: why none is, else empty"""

    axes: list[Axis]
    groups: list[Family]
    pairs: list[Pair]
    apart: str


def explanation(analysis: Analysis, ones: Sequence[Site], others: Sequence[Site] = ()) -> Explanation:
    """What the sites of one question are coupled to; with others, which of the two share units, or where they meet."""
    letters = Letters(analysis)
    sites = list({str(site): site for site in (*ones, *others)}.values())
    axes = [_axis(site, letters) for site in sites]
    groups = [_family(group, letters) for group in groups_of(analysis, sites)]
    crossed = [(one, other) for one in ones for other in others if str(one) != str(other)]
    pairs = [_pair(one, other, couple(analysis, one, other), letters) for one, other in crossed]
    coupled = [pair for pair in pairs if pair.groups]
    strangers = others and not coupled and len(crossed) == len(ones) * len(others)  # no axis is in both questions
    return Explanation(axes, groups, coupled, _apart(analysis, ones, others, letters) if strangers else "")


def _axis(site: Site, letters: Letters) -> Axis:
    return Axis(str(site), letters.term(site.term))


def _family(group: Group, letters: Letters) -> Family:
    state = "locked" if not group.prunable else "inexact" if group.inexact else "exact"
    locked = [Reason(str(cause), str(cause.ground.advice)) for cause in group.locked]
    members = [_axis(site, letters) for site in group.members]
    inexact = [str(cause) for cause in group.inexact]
    return Family(group.id, letters.term(group.atom), group.size, state, locked, inexact, members)


def _pair(one: Site, other: Site, found: Coupling, letters: Letters) -> Pair:
    path = [Tie(step.before, step.verb, step.after, str(step.cause)) for step in found.steps]
    return Pair(_axis(one, letters), _axis(other, letters), [group.id for group in found.groups], path)


def _apart(analysis: Analysis, ones: Sequence[Site], others: Sequence[Site], letters: Letters) -> str:
    """That no axis of the one shares units with one of the other, and where their groups meet."""
    found = nearest(analysis, ones, others)
    if found is None:
        where = "no node has units of both that could go"
    else:
        one, other, meeting = found
        where = meeting.sentence(str(one), str(other), letters.term)
    return f"{_whole(ones)} and {_whole(others)} are not coupled: {where}"


def _whole(sites: Sequence[Site]) -> str:
    """A site's name; the tensor's where there are several."""
    return str(sites[0]) if len(sites) == 1 else sites[0].tensor.name
