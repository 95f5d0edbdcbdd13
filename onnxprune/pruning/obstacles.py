"""What stands in the way of pruning: the locked axes of trained weights, put together by the reason.

Other locked axes are not worth a word: positions of an image, steps of a sequence, entries of a mask. No pruning is
about those.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from onnxprune.budget import Cost, params
from onnxprune.coupling import Analysis, Group
from onnxprune.coupling.grounds import Ground
from onnxprune.coupling.terms import Atom, Cause
from onnxprune.pruning.trained import Trained

_WEIGHT = {ground: place for place, ground in enumerate(Ground)}


@dataclass(frozen=True, slots=True)
class Lock:
    """Locked axes of trained weights with one reason. Shares are of the dense model, between 0 and 1.

    id, groups:    the id of the first group, and of all;   axis: the first one of a weight;   units: of all groups
    share, params: of the multiply-accumulates, and of the parameters, that go through them
    op, nodes:     what locks them; op is empty where that is an input or output of the model;   node: the first one
    kind, natural: of what kind the reason is (`onnxprune.coupling.grounds`), and whether the model is so by nature;
                   otherwise it is a limit, of onnxprune or of what the file tells
    reason:        what the node does to the axes;   advice: what a user can do about it, or why nothing
    sentence:      all this in words
    """

    id: str
    groups: list[str]
    axis: str
    units: int
    share: float
    params: float
    op: str
    node: str
    nodes: list[str]
    kind: str
    natural: bool
    reason: str
    advice: str
    sentence: str


def locks(analysis: Analysis, macs: Cost) -> list[Lock]:
    """The locks on trained weights, one for every op and reason, by share of MACs and of parameters, largest first."""
    trained, stored = Trained(analysis), params(analysis)
    locked = [g for g in analysis.groups if g.locked and g.size > 1 and not g.kernel and g.atom in trained.atoms]
    merged: dict[tuple[str, str], list[tuple[Group, Cause]]] = {}
    for group in sorted(locked, key=lambda g: macs.change({}, g.atom, 0)):
        cause = decisive(group.locked)
        merged.setdefault((cause.op, cause.text), []).append((group, cause))
    found = [_lock(entries, trained, macs, stored) for entries in merged.values()]
    return sorted(found, key=lambda lock: (-lock.share, -lock.params))


def shares(found: Iterable[Lock], analysis: Analysis, cost: Cost) -> tuple[float, float]:
    """The shares of a cost that go through what is locked by the model's nature, and by limits."""
    atoms = {g.id: g.atom for g in analysis.groups}
    sides: dict[bool, list[Atom]] = {True: [], False: []}
    for lock in found:
        sides[lock.natural] += [atoms[name] for name in lock.groups]
    return _share(sides[True], cost), _share(sides[False], cost)


def decisive(causes: Sequence[Cause]) -> Cause:
    """The weightiest reason: it would be left if all others were lifted, for the model's nature outweighs limits."""
    return min(causes, key=lambda cause: _WEIGHT[cause.ground])


def _share(atoms: Iterable[Atom], cost: Cost) -> float:
    """What removing all of them would save, as a share."""
    dense = max(cost.total(), 1e-30)
    return max(0.0, 1 - cost.total(dict.fromkeys(atoms, 0)) / dense)


def _lock(entries: Sequence[tuple[Group, Cause]], trained: Trained, macs: Cost, stored: Cost) -> Lock:
    groups, cause = [group for group, _ in entries], entries[0][1]
    atoms = [group.atom for group in groups]
    nodes = list(dict.fromkeys(cause.node for _, cause in entries))
    axis, units = trained.axis(groups[0]), sum(group.size for group in groups)
    return Lock(
        id=groups[0].id,
        groups=[group.id for group in groups],
        axis=axis,
        units=units,
        share=_share(atoms, macs),
        params=_share(atoms, stored),
        op=cause.op,
        node=cause.node,
        nodes=nodes,
        kind=cause.ground.label,
        natural=cause.ground.natural,
        reason=str(cause.text),
        advice=cause.ground.advice,
        sentence=_sentence(f"{axis} ({groups[0].size} units)", len(groups), cause, nodes),
    )


def _sentence(axis: str, axes: int, cause: Cause, nodes: Sequence[str]) -> str:
    """`b[1] (16 units) and 2 more axes are locked by Mystery 'o' (no rule for op Mystery): the op needs a rule ...`."""
    what = f"{axis}{_more(axes, ' axis', ' axes')} {'is' if axes == 1 else 'are'}"
    place = f"{cause.op or cause.text} '{nodes[0]}'{_more(len(nodes))}"
    reason = f" ({cause.text})" if cause.op else ""
    return f"{what} locked by {place}{reason}: {cause.ground.advice}"


def _more(count: int, one: str = "", many: str = "") -> str:
    """` and 3 more` where there is more than the first."""
    return f" and {count - 1} more{one if count == 2 else many}" if count > 1 else ""
