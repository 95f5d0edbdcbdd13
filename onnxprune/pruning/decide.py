"""Deciding: passes offer groups, a criterion scores them, a budget says how many units of each stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from onnxprune import budget, criteria
from onnxprune.budget import PARTS, Candidate, Cost, Fit, Work
from onnxprune.calibration import Likeness, Trials
from onnxprune.coupling import Analysis, Group
from onnxprune.errors import InputError
from onnxprune.graph import data_files_of
from onnxprune.pruning.alignment import FALLBACKS, SLOW
from onnxprune.pruning.options import Options, Target
from onnxprune.pruning.passes import Pass, group_passes, make, parse
from onnxprune.pruning.plan import Plan
from onnxprune.pruning.selection import Offers, Scope, candidates, offers
from onnxprune.runtime import file_size

Shapes = dict[str, tuple[int, ...]]
Score = Callable[[Analysis, Sequence[Group]], dict[str, np.ndarray]]
"""Group id -> scores [units] of some groups of a model."""
Timed = Callable[[Sequence[Candidate], Target], Cost]
"""What a model's time is, as a fraction of the dense one's, best told near a target, when some groups lose units."""
Attempt = Callable[[Sequence[Group]], Trials]
"""Runs of the model under masks of some groups."""
Compare = Callable[[Analysis], dict[str, Likeness]]
"""Group id -> what its block does to what it reads."""

CLOSE = 0.98
"""Where a block leaves more of the target unused than this, finer ones are tried as well."""

WHOLE = (1,)
"""What steps may be divided by where the target is a time: estimates hold for whole ones, kernels differ by width."""


@dataclass(slots=True)
class Decision:
    """Which units stay. masks: group id -> bool [units], for narrowed groups; cost: of the target's quantity, as a
    fraction of the dense model's; met: whether the target was met; offered: all candidates; target: what was aimed
    at; made_for: the hash of the file that a replayed plan was made for."""

    masks: dict[str, np.ndarray]
    chosen: list[tuple[Candidate, np.ndarray]]
    offered: list[Candidate]
    fraction: float
    met: bool
    target: Target | None = None
    made_for: str = ""


def passes_of(options: Options, *, reserve: bool = False) -> list[Pass]:
    """The passes over groups that the user named, or those that run by default, and those in reserve.

    None where the user named others only.
    """
    common = {"align": options.align} if options.align else {}
    if options.passes:
        named = [parse(text, **common) for text in options.passes]
        return [one for one in named if isinstance(one, Pass)]
    kinds = group_passes().values()
    return [make(kind, dict(common)) for kind in kinds if kind.default or (reserve and kind.reserve)]


def cost_of(target: Target, analysis: Analysis, source: Path, shapes: Shapes) -> Cost:
    """The cost function that a target is stated in, but for latency, which is measured."""
    if target.quantity == "macs":
        return budget.macs(analysis, shapes)
    return budget.params(analysis) if target.quantity == "params" else budget.size(analysis, model_bytes(source))


def model_bytes(path: Path) -> int:
    """What a model takes on disk, with its data files."""
    return file_size(path, sorted(data_files_of(path)))


def decide(
    analysis: Analysis,
    options: Options,
    source: Path,
    shapes: Shapes,
    score: Score | None = None,
    timed: Timed | None = None,
    attempt: Attempt | None = None,
    compare: Compare | None = None,
) -> Decision:
    """Choose units to remove; score: how, by default by the criterion on weights alone; timed: for a target in time;
    attempt: what budgets try out masks with; compare: what budgets look at blocks with; both by default nothing.

    Raises InputError where nothing at all can go.
    """
    scope = Scope(options.protect, options.only)
    passes, more = passes_of(options), passes_of(options, reserve=True)
    ladder = [offers(analysis, chosen, scope) for chosen in (passes, more)]
    if not ladder[-1]:
        raise InputError(f"{source}: nothing to prune: {why_nothing(analysis, more, scope)}")
    target = aim_of(options, passes)
    likeness = None if compare is None else partial(compare, analysis)
    work = Work(budget.macs(analysis, shapes), budget.traffic(analysis, shapes), likeness=likeness)
    if target is not None and target.timed and timed is not None:
        whole = {g.id: np.zeros(g.size) for _, g in ladder[-1]}
        cost = timed(candidates(ladder[-1], whole, FALLBACKS[0]), target)
        work = replace(work, time=cost)
    else:
        cost = cost_of(target or Target("macs", 1.0), analysis, source, shapes)
    scored = partial(score or _by_weights(options), analysis)
    return Descent(options.shared_by, cost, work, target, scored, attempt).run(ladder)


def aim_of(options: Options, passes: Sequence[Pass]) -> Target | None:
    """The target; without one half of the multiply-accumulates, unless passes say themselves how much goes."""
    return options.target or (None if any(p.ratio is not None for p in passes) else Target("macs", 0.5))


def _by_weights(options: Options) -> Score:
    name, seed, how = options.scored_by, options.seed, options.aggregate
    return lambda analysis, groups: criteria.score(analysis, groups, name, seed, aggregate=how)


@dataclass(slots=True)
class Descent:
    """Widths that meet a target, with as few kinds of units and as wide blocks as that takes.

    budget: its name; cost: what the target is stated in; score: scores of some groups; attempt: as in `decide`
    """

    budget: str
    cost: Cost
    work: Work
    target: Target | None
    score: Callable[[Sequence[Group]], dict[str, np.ndarray]]
    attempt: Attempt | None = None
    tried: list[Decision] = field(default_factory=list)

    def run(self, ladder: Sequence[Offers]) -> Decision:
        """The decision that comes closest to the target from below; else the last that was tried.

        ladder: what passes offer, with more and more passes; on some step there is something
        """
        ladder = [offered for k, offered in enumerate(ladder) if offered and offered not in ladder[:k]]
        fast, slow = ([b for b in FALLBACKS if (b < SLOW) == narrow] for narrow in (False, True))
        for blocks in (fast, slow):
            for offered in ladder:
                if not any(d.met for d in self.tried):
                    self._descend(offered, blocks)
        decision = max((d for d in self.tried if d.met), key=lambda d: d.fraction, default=self.tried[-1])
        decision.target = self.target
        return decision

    def _descend(self, offered: Offers, blocks: Sequence[int]) -> None:
        """Try finer and finer blocks, as long as the target isn't met or too much of it is left unused."""
        groups = [g for _, g in offered]
        scores, attempt = self.score(groups), self.attempt
        work = self.work if attempt is None else replace(self.work, trials=lambda: attempt(groups))
        for block in blocks:
            chosen = candidates(offered, scores, block)
            chosen = [c for c in chosen if c.ratio is not None or self.cost.matters(c.group.atom)]
            found = _fit(chosen, self.budget, self.cost, work, self.target)
            self.tried.append(found)
            close = self.target is None or self.target.timed or found.fraction >= CLOSE * self.target.fraction
            if found.met and close:
                break


def _fit(entries: Sequence[Candidate], name: str, cost: Cost, work: Work, target: Target | None) -> Decision:
    dense = cost.whole
    finer = WHOLE if target is not None and target.timed else PARTS
    wanted = dense * target.fraction if target else None
    return settled(entries, budget.get(name).fit(entries, work, cost, wanted, finer), dense)


def settled(entries: Sequence[Candidate], found: Fit, dense: float) -> Decision:
    """The decision that leaves so many of the best units; dense: what the dense model costs."""
    chosen = [(c, c.keep(found.counts[c.group.id])) for c in entries if found.counts[c.group.id] < c.group.size]
    masks = {c.group.id: mask for c, mask in chosen}
    return Decision(masks, chosen, list(entries), found.cost / max(dense, 1e-30), found.met)


def replay(analysis: Analysis, plan: Plan, options: Options, source: Path, shapes: Shapes) -> Decision:
    """The decision of an earlier plan, on the same model."""
    masks = plan.masks(analysis)
    entries: list[tuple[Candidate, np.ndarray]] = []
    groups = {g.id: g for g in analysis.groups}
    for entry in plan.groups:
        scores = np.array(entry.get("score") or np.zeros(entry["size"]), float)
        entries.append((Candidate(groups[entry["id"]], scores, entry.get("kind", "")), masks[entry["id"]]))
    cost = cost_of(options.target or Target("macs", 1.0), analysis, source, shapes)
    total = cost.total({c.group.atom: int(m.sum()) for c, m in entries})
    fraction = total / max(cost.whole, 1e-30)
    met = options.target is None or options.target.allows(fraction)
    made_for = str(plan.model.get("sha256", ""))
    return Decision(masks, entries, [c for c, _ in entries], fraction, met, options.target, made_for)


def why_nothing(analysis: Analysis, passes: Sequence[Pass], scope: Scope) -> str:
    """Why some passes can take nothing, for the end of a sentence."""
    names = ", ".join(p.name for p in passes)
    if not analysis.sites:
        return "the model stores no weights"
    free = [g for g in analysis.groups if g.prunable]
    if free:
        others = _others(analysis, passes, scope)
        hint = f"; --pass {others[0]} would take some" if others else ""
        return f"the passes {names} take none of its {len(free)} free groups within the given scope{hint}"
    reason = next((str(g.locked[0]) for g in analysis.groups if g.locked), "no group has more than one unit")
    return f"all of its {len(analysis.groups)} groups are locked, for instance by {reason}"


def _others(analysis: Analysis, passes: Sequence[Pass], scope: Scope) -> list[str]:
    """Passes that were not asked for and would take a group."""
    asked = {p.name for p in passes}
    kinds = {name: kind for name, kind in group_passes().items() if name not in asked}
    return [name for name, kind in kinds.items() if offers(analysis, [make(kind, {})], scope)]
