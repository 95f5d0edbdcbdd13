"""Deciding: passes offer groups, a criterion scores them, a budget says how many units of each stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onnxprune import budget, criteria
from onnxprune.budget import Candidate, Cost, Fit, Work
from onnxprune.coupling import Analysis
from onnxprune.errors import InputError
from onnxprune.pruning.alignment import FALLBACKS, SLOW
from onnxprune.pruning.options import Options, Target
from onnxprune.pruning.passes import Pass, available, make, parse
from onnxprune.pruning.plan import Plan
from onnxprune.pruning.selection import Scope, candidates, offers

Shapes = dict[str, tuple[int, ...]]

CLOSE = 0.98
"""Where a block leaves more of the target unused than this, finer ones are tried as well."""


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


def passes_of(options: Options) -> list[Pass]:
    """The passes that the user named, or those that run by default."""
    common = {"align": options.align} if options.align else {}
    if options.passes:
        return [parse(text, **common) for text in options.passes]
    return [make(kind, dict(common)) for kind in available().values() if kind.default]


def cost_of(target: Target, analysis: Analysis, source: Path, shapes: Shapes) -> Cost:
    """The cost function that a target is stated in."""
    if target.quantity == "macs":
        return budget.macs(analysis, shapes)
    return budget.params(analysis) if target.quantity == "params" else budget.size(analysis, source.stat().st_size)


def decide(analysis: Analysis, options: Options, source: Path, shapes: Shapes) -> Decision:
    """Choose units to remove. Raises InputError where nothing at all can go."""
    passes = passes_of(options)
    scope = Scope(options.protect, options.only)
    offered = offers(analysis, passes, scope)
    if not offered:
        raise InputError(f"{source}: nothing to prune: {_why_nothing(analysis, passes, scope)}")
    scores = criteria.score(analysis, [g for _, g in offered], options.criterion, options.seed)
    target = options.target or (None if any(p.ratio is not None for p in passes) else Target("macs", 0.5))
    cost = cost_of(target or Target("macs", 1.0), analysis, source, shapes)
    work = Work(budget.macs(analysis, shapes), budget.traffic(analysis, shapes))
    tried: list[Decision] = []
    for block in FALLBACKS:
        if block < SLOW and any(d.met for d in tried):
            break
        entries = [c for c in candidates(offered, scores, block) if c.ratio is not None or cost.matters(c.group.atom)]
        tried.append(_fit(entries, options.budget, cost, work, target))
        if tried[-1].met and (target is None or tried[-1].fraction >= CLOSE * target.fraction):
            break
    decision = max((d for d in tried if d.met), key=lambda d: d.fraction, default=tried[-1])
    decision.target = target
    return decision


def _fit(entries: Sequence[Candidate], name: str, cost: Cost, work: Work, target: Target | None) -> Decision:
    dense = cost.total()
    widths = budget.get(name).widths(entries, work)
    return _decision(entries, budget.fit(entries, widths, cost, dense * target.fraction if target else None), dense)


def _decision(entries: Sequence[Candidate], found: Fit, dense: float) -> Decision:
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
    fraction = total / max(cost.total(), 1e-30)
    met = options.target is None or fraction <= options.target.fraction
    made_for = str(plan.model.get("sha256", ""))
    return Decision(masks, entries, [c for c, _ in entries], fraction, met, options.target, made_for)


def _why_nothing(analysis: Analysis, passes: Sequence[Pass], scope: Scope) -> str:
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
    kinds = {name: kind for name, kind in available().items() if name not in asked}
    return [name for name, kind in kinds.items() if offers(analysis, [make(kind, {})], scope)]
