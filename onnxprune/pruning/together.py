"""One target over several models: their groups share one budget, as if they were a single model's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from onnxprune import budget, criteria
from onnxprune.budget import Candidate, Cost, Work
from onnxprune.calibration import Likeness
from onnxprune.coupling import Analysis, Group
from onnxprune.coupling.terms import Atom
from onnxprune.errors import InputError
from onnxprune.pruning.decide import Decision, Descent, Shapes, aim_of, cost_of, passes_of, why_nothing
from onnxprune.pruning.options import Options, Target
from onnxprune.pruning.passes import Pass
from onnxprune.pruning.selection import Offers, Scope, offers
from onnxprune.pruning.ties import Key, Ties, ties


@dataclass(frozen=True, slots=True)
class Part:
    """One of the models; shapes: of tensors that are open in it; score: group id -> scores [units] of some of its
    groups; compare: group id -> what its block does to what it reads, for budgets that look at blocks"""

    source: Path
    analysis: Analysis
    shapes: Shapes
    score: Callable[[Sequence[Group]], dict[str, np.ndarray]]
    compare: Callable[[], Mapping[str, Likeness]] | None = None


@dataclass(slots=True)
class Joint:
    """decision: over all models, its groups named MODEL:GROUP; chosen: by model, its narrowed groups and which units
    stay; offered: by model, pass -> sizes of groups; tied: how many groups several models have in common; whole: keys
    of groups that stay whole because models share weights of theirs and don't fit each other"""

    decision: Decision
    chosen: dict[str, list[tuple[Candidate, np.ndarray]]]
    offered: dict[str, dict[str, list[int]]]
    tied: int = 0
    whole: list[Key] = field(default_factory=list)


def decide_together(parts: Mapping[str, Part], options: Options) -> Joint:
    """Choose units to remove from several models so that what is left of all together meets one target.

    The target is of the sum of what the models cost. Groups that hold the same trained weights are one candidate: they
    keep the same units, their scores are added up where they are losses, and averaged where not. Raises InputError
    where nothing at all can go.
    """
    scope = Scope(options.protect, options.only)
    passes, more = passes_of(options), passes_of(options, reserve=True)
    union = _Union(parts, ties({name: part.analysis for name, part in parts.items()}), options)
    ladder = [union.offers(chosen, scope) for chosen in (passes, more)]
    if not ladder[-1]:
        reasons = (f"{part.source}: {why_nothing(part.analysis, more, scope)}" for part in parts.values())
        raise InputError(f"nothing to prune: {'; '.join(reasons)}")
    target = aim_of(options, passes)
    found = Descent(options.shared_by, union.cost(target), union.work(), target, union.score).run(ladder)
    return union.told(found)


class _Union:
    """Groups of several models under names of their own, those that are one under one name."""

    def __init__(self, parts: Mapping[str, Part], tied: Ties, options: Options) -> None:
        self.parts, self.losses = parts, criteria.get(options.scored_by).losses
        self.of: dict[Key, Group] = {(name, g.id): g for name, part in parts.items() for g in part.analysis.groups}
        self.torn = tied.torn
        self.tie: dict[Key, tuple[Key, ...]] = {key: keys for keys in tied.same for key in keys}
        self.whole: dict[Key, None] = {}
        self._groups: dict[Key, Group] = {}
        self._members: dict[str, tuple[Key, ...]] = {}
        leader = {key: keys[0] for key, keys in self.tie.items() if key != keys[0]}
        self.same: dict[Atom, Atom] = {self.of[key].atom: self.of[first].atom for key, first in leader.items()}

    def offers(self, passes: Sequence[Pass], scope: Scope) -> Offers:
        """What passes take of all models; of groups that are one the first, if each of the others is offered, too."""
        taken: dict[Key, Pass] = {}
        for name, part in self.parts.items():
            taken |= {(name, group.id): entry for entry, group in offers(part.analysis, passes, scope)}
        found: Offers = []
        for key, entry in taken.items():
            keys = self.tie.get(key, (key,))
            if key in self.torn or any(one not in taken for one in keys):
                self.whole[key] = None
            elif key == keys[0]:
                found.append((entry, self._group(key, keys)))
        return found

    def _group(self, key: Key, keys: tuple[Key, ...]) -> Group:
        """The group that stands for all of these, one and the same every time."""
        if key not in self._groups:
            self._groups[key] = replace(self.of[key], id=_name(key))
            self._members[_name(key)] = keys
        return self._groups[key]

    def cost(self, target: Target | None) -> Cost:
        aim = target or Target("macs", 1.0)
        return budget.together([cost_of(aim, p.analysis, p.source, p.shapes) for p in self.parts.values()], self.same)

    def work(self) -> Work:
        macs = [budget.macs(part.analysis, part.shapes) for part in self.parts.values()]
        traffic = [budget.traffic(part.analysis, part.shapes) for part in self.parts.values()]
        likeness = self._likeness if all(part.compare for part in self.parts.values()) else None
        return Work(budget.together(macs, self.same), budget.together(traffic, self.same), likeness=likeness)

    def _likeness(self) -> dict[str, Likeness]:
        found: dict[str, Likeness] = {}
        for name, part in self.parts.items():
            assert part.compare is not None
            found |= {_name((name, group)): one for group, one in part.compare().items()}
        return found

    def score(self, groups: Sequence[Group]) -> dict[str, np.ndarray]:
        """Scores by name, put together where several models have a group."""
        wanted: dict[str, list[Group]] = {name: [] for name in self.parts}
        for group in groups:
            for key in self._members[group.id]:
                wanted[key[0]].append(self.of[key])
        scores = {name: self.parts[name].score(own) for name, own in wanted.items() if own}
        put = np.sum if self.losses else np.mean
        return {g.id: put([scores[name][one] for name, one in self._members[g.id]], axis=0) for g in groups}

    def told(self, decision: Decision) -> Joint:
        """What was decided, model by model."""
        chosen: dict[str, list[tuple[Candidate, np.ndarray]]] = {name: [] for name in self.parts}
        offered: dict[str, dict[str, list[int]]] = {name: {} for name in self.parts}
        for candidate, mask in decision.chosen:
            for key in self._members[candidate.group.id]:
                chosen[key[0]].append((replace(candidate, group=self.of[key]), mask))
        for candidate in decision.offered:
            for name, _ in self._members[candidate.group.id]:
                offered[name].setdefault(candidate.kind, []).append(candidate.group.size)
        tied = sum(len(self._members[c.group.id]) > 1 for c in decision.offered)
        known = {key for keys in self._members.values() for key in keys}
        return Joint(decision, chosen, offered, tied, [key for key in self.whole if key not in known])


def _name(key: Key) -> str:
    return ":".join(key)
