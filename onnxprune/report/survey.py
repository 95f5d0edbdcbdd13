"""What of a model can go: groups by pass, what each could save, what is locked and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from onnxprune.budget import Cost
from onnxprune.coupling import Group
from onnxprune.pruning import Pass, Scope, learned
from onnxprune.pruning.obstacles import Lock, locks, shares
from onnxprune.pruning.passes import group_passes
from onnxprune.pruning.selection import offers
from onnxprune.report.model import Opened, opened


@dataclass(frozen=True, slots=True)
class Kind:
    """A pass and what it could take; share: of the multiply-accumulates that go through its groups.

    default: it runs unless others are named; runs: when, in words
    """

    name: str
    default: bool
    runs: str
    groups: int
    units: int
    share: float


@dataclass(frozen=True, slots=True)
class Free:
    """A group that can be pruned.

    kind: the pass that takes it, empty where none does; members: axes of stored tensors that shrink with it;
    node: the first node that reads one of them
    """

    id: str
    units: int
    kind: str
    exact: bool
    share: float
    members: int
    node: str


@dataclass(frozen=True, slots=True)
class Survey:
    """The summary of an analysis. Shares are of the model's multiply-accumulates, between 0 and 1.

    groups: what can go; locked: what can't, merged by the reason; nature, limits: the shares that go through what is
    locked by the model's nature and by limits of onnxprune or of the file (one multiplication can have to do with both)
    """

    path: str
    nodes: int
    unknown_ops: dict[str, int]
    params: int
    macs: int
    bytes: int
    kinds: list[Kind]
    groups: list[Free]
    nature: float
    limits: float
    locked: list[Lock]


def analyze(model: Path | str, *, dims: Mapping[str, int] | None = None) -> Survey:
    """Analyse a model file. Raises InputError for anything that is not a usable model.

    dims: lengths of open dimensions, by symbol
    """
    return survey(opened(model, dims))


def survey(model: Opened) -> Survey:
    """The summary of an analysed model."""
    analysis, cost = model.analysis, model.macs
    taken = offers(analysis, [kind() for kind in group_passes().values()], Scope())
    kinds = {group.id: entry.name for entry, group in taken}
    locked = locks(analysis, cost)
    nature, limits = shares(locked, analysis, cost)
    return Survey(
        path=str(model.path),
        nodes=sum(model.ops.values()),
        unknown_ops=dict(sorted(analysis.unknown.items())),
        params=round(model.params.total()),
        macs=round(cost.total()),
        bytes=model.bytes,
        kinds=_kinds(taken, cost),
        groups=[_free(g, kinds.get(g.id, ""), cost) for g in analysis.prunable if learned(g)],
        nature=nature,
        limits=limits,
        locked=locked,
    )


def _kinds(taken: Sequence[tuple[Pass, Group]], cost: Cost) -> list[Kind]:
    found = []
    for name, kind in group_passes().items():
        groups = [group for entry, group in taken if entry.name == name]
        share = 1 - cost.total({g.atom: 0 for g in groups}) / max(cost.total(), 1e-30)
        if groups:
            found.append(Kind(name, kind.default, kind.runs(), len(groups), sum(g.size for g in groups), share))
    return found


def _share(group: Group, cost: Cost) -> float:
    """The share of the cost that goes through a group: what removing all of it would save."""
    return -cost.change({}, group.atom, 0) / max(cost.total(), 1e-30)


def _free(group: Group, kind: str, cost: Cost) -> Free:
    return Free(
        id=group.id,
        units=group.size,
        kind=kind,
        exact=not group.inexact,
        share=_share(group, cost),
        members=len(group.members),
        node=_reader(group),
    )


def _reader(group: Group) -> str:
    """The first node that reads a member, by name or by its first output."""
    nodes = [node for site in group.members for node in site.tensor.outputs]
    return next((f"{n.op} '{n.name or n.outputs[0].name}'" for n in nodes), "")
