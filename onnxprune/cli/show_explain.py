"""What `explain` found as a record for machines: the same facts as the sentences for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onnxprune.coupling import Analysis, Group, Site
from onnxprune.coupling.explain import Coupling, Letters, groups_of
from onnxprune.coupling.terms import Cause


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis and its term in the notation of rules."""

    site: str
    term: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why units are locked or inexact: by which node, and what can be done about it."""

    cause: str
    advice: str


@dataclass(frozen=True, slots=True)
class Told:
    """A group; letter: what it is called in terms; state: exact, inexact or locked."""

    id: str
    letter: str
    units: int
    state: str
    locked: list[Reason]
    inexact: list[Reason]
    members: list[Axis]


@dataclass(frozen=True, slots=True)
class Tie:
    """A step of the path between two axes: what `to` is to `from_`, and the node that ties them."""

    from_: str
    verb: str
    to: str
    cause: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two axes that share groups, by their ids, and the path between them for the first."""

    one: Axis
    other: Axis
    groups: list[str]
    path: list[Tie]


@dataclass(frozen=True, slots=True)
class Explained:
    """axes: those asked about; groups: all in their terms; pairs: of axes that are coupled, where two were asked about;
    apart: why none is, or empty"""

    axes: list[Axis]
    groups: list[Told]
    pairs: list[Pair]
    apart: str = ""


def explained(
    analysis: Analysis, sites: Sequence[Site], found: Sequence[tuple[Site, Site, Coupling]] = (), apart: str = ""
) -> Explained:
    """The record of some axes, of the couplings that were found between them, and of what keeps them apart."""
    letters = Letters(analysis)
    axes = [_axis(site, letters) for site in sites]
    groups = [_told(group, letters) for group in groups_of(analysis, sites)]
    pairs = [_pair(*one, letters) for one in found if one[2].groups and str(one[0]) != str(one[1])]
    return Explained(axes, groups, pairs, apart)


def _axis(site: Site, letters: Letters) -> Axis:
    return Axis(str(site), letters.term(site.term))


def _told(group: Group, letters: Letters) -> Told:
    state = "locked" if not group.prunable else "inexact" if group.inexact else "exact"
    locked, inexact = ([_reason(cause) for cause in some] for some in (group.locked, group.inexact))
    members = [_axis(site, letters) for site in group.members]
    return Told(group.id, letters.term(group.atom), group.size, state, locked, inexact, members)


def _reason(cause: Cause) -> Reason:
    return Reason(str(cause), str(cause.ground.advice))


def _pair(one: Site, other: Site, found: Coupling, letters: Letters) -> Pair:
    path = [Tie(step.before, step.verb, step.after, str(step.cause)) for step in found.steps]
    return Pair(_axis(one, letters), _axis(other, letters), [group.id for group in found.groups], path)
