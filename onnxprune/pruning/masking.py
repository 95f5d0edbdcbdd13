"""Masks that are trained, and the widths and units that they stand for.

What is learned says which units of a group are to stay and how wide groups are to be; the budget's ways then find the
widths that kernels like and that meet the target.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from onnxprune.budget import PARTS, Cost, Fit
from onnxprune.budget.fit import choose
from onnxprune.budget.knapsack import knapsack
from onnxprune.coupling.masks import Gates
from onnxprune.errors import InputError
from onnxprune.graph import Model, finish
from onnxprune.pruning.decide import WHOLE, Decision, settled
from onnxprune.pruning.evidence import Evidence
from onnxprune.pruning.mixing import Judged, mixed
from onnxprune.pruning.options import Options
from onnxprune.recovery.masks import MaskSetting, Units, check_masks, loss_under, train_masks
from onnxprune.repair import Edits
from onnxprune.rewrite import GatedModel, gated

if TYPE_CHECKING:
    from onnxprune.recovery.masks.train import Learned

Scores = Mapping[str, np.ndarray]
"""Group id -> numbers [units]."""


def check_training(options: Options) -> None:
    """Raise InputError where masks can't be trained as asked for, before any work."""
    setting = options.masks
    if setting is None:
        return
    check_masks(setting)
    if options.calibration is None:
        raise InputError("--train-masks needs data to train on (--data)")
    others = {"--plan": options.plan, "--max-loss": options.max_loss, "--search-minutes": options.search_minutes}
    for name in (name for name, given in others.items() if given is not None):
        raise InputError(f"--train-masks and {name} can't go together: each decides what goes")
    if options.recover_rounds > 1:
        raise InputError("--train-masks and --recover-rounds can't go together: masks are trained for one target")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise InputError("masks are trained by one process; start it without torchrun")


Mend = Callable[[Decision], Edits]
"""What makes up for the units that go."""


@dataclass(frozen=True, slots=True)
class Masked:
    """What came of a training. before, after: losses of the budget's decision and of the trained one, on data held out,
    after repair; steps: none where there was nothing to train"""

    setting: MaskSetting
    before: float = 0.0
    after: float = 0.0
    steps: int = 0

    @property
    def gained(self) -> bool:
        """Whether the trained decision was taken."""
        return self.after < self.before

    def __str__(self) -> str:
        how = f"{self.setting.method}{', weights along' if self.setting.weights else ''}, {self.steps} steps"
        return f"{how}, loss {self.before:.4g} to {self.after:.4g}{'' if self.gained else ', not taken'}"


@dataclass(frozen=True, slots=True)
class Masking:
    """decision: the better of the trained one and the budget's; edits: what repairs it, None where nobody asked"""

    decision: Decision
    outcome: Masked
    edits: Edits | None = None


def train_decision(decision: Decision, cost: Cost, evidence: Evidence, setting: MaskSetting, mend: Mend) -> Masking:
    """Learn a better decision than a budget's at no more than its target's cost.

    Groups with a ratio of their own, or without a gate, stay as they are. A decision that misses its target is returned
    as it is. mend: repairs a decision: what loses less after that is taken. Raises InputError where the model can't be
    lifted.
    """
    target, tell = decision.target, evidence.progress
    if target is None or not decision.met:
        return Masking(decision, Masked(setting))
    evidence.release()
    tell("gating")
    gates = _gated(evidence.source, decision)
    groups, aim = units(decision, gates), (cost, target.fraction)
    if not any(group.trained for group in groups):
        evidence.warnings.append("no group has gates that could be trained, so what goes is what the budget said")
        return Masking(decision, Masked(setting))
    widths = partial(settle, decision, cost)
    learned = train_masks(evidence.source(), _open(gates), groups, aim, evidence.training, setting, widths, tell)
    evidence.warnings += learned.warnings
    gc.collect()
    first, second, best = _compared(decision, cost, learned, partial(_judged, evidence, setting, mend))
    outcome = Masked(setting, first.loss, (second if best is first else best).loss, learned.course.steps)
    if not outcome.gained:
        evidence.warnings.append("nothing was gained by training masks, so what goes is what the budget said")
    return Masking(best.found[0], outcome, best.found[1])


Repaired = Judged[tuple[Decision, Edits]]
"""A decision, its repair, and what it loses so."""


def _compared(
    decision: Decision, cost: Cost, learned: Learned, judge: Callable[[Decision], Repaired]
) -> tuple[Repaired, Repaired, Repaired]:
    """A budget's decision, the learned one, and the best of these and of some in which groups are from either."""

    def take(names: Collection[str]) -> Decision:
        logits = {name: learned.logits[name] for name in names}
        return chosen(decision, cost, logits, {name: learned.widths[name] for name in names})

    def trial(names: Collection[str]) -> Repaired | None:
        found = take(names)
        return judge(found) if found.met else None

    whole = take(learned.logits)
    old, new = _masks(decision), _masks(whole)
    differing = [name for name in learned.logits if not np.array_equal(old[name], new[name])]
    first, second = judge(decision), judge(whole)
    return first, second, mixed(differing, first, second, trial)


def _judged(evidence: Evidence, setting: MaskSetting, mend: Mend, decision: Decision) -> Repaired:
    """What a decision loses on data held out, once it is repaired."""
    edits = mend(decision)

    def edited() -> Model:
        model = evidence.source()
        edits.apply(model)
        return model

    evidence.progress("judging masks")
    gates = _gated(edited, decision)
    groups = units(decision, gates)
    loss = loss_under(evidence.source(), _open(gates), groups, evidence.training[1], setting)
    return Judged(loss, (decision, edits))


def _gated(source: Callable[[], Model], decision: Decision) -> GatedModel:
    return gated(source, [c.group.id for c in decision.offered])


def _open(gates: GatedModel) -> tuple[Model, dict[str, Callable[[Any], Any]]]:
    """A gated model to be lifted, and what its further inputs are fed."""
    return finish(gates.model), {name: feed.values for name, feed in gates.inputs.items()}


def units(decision: Decision, gates: GatedModel) -> list[Units]:
    """The groups of a decision. Those that are there or not, as whole numbers are, have nothing to learn by."""
    masks, atoms, smooth = _masks(decision), gates.atoms, _smooth(gates)
    return [
        Units(name, atoms.get(name), c.group.atom, masks[name], c.scores, c.lowest, c.ratio is None and name in smooth)
        for c in decision.offered
        for name in [c.group.id]
    ]


def _smooth(gates: GatedModel) -> set[str]:
    """Groups of which a part can be there."""
    whole = {atom: np.ones(atom.size or 0) for atom in gates.atoms.values()}
    plain = {name: values(Gates(whole)) for name, values in gates.exact.items()}
    found = set()
    for group, atom in gates.atoms.items():
        ramp = Gates(whole | {atom: np.linspace(0.5, 1, atom.size or 0)})
        if any(not np.array_equal(values(ramp), plain[name]) for name, values in gates.exact.items()):
            found.add(group)
    return found


def settle(decision: Decision, cost: Cost, logits: Scores) -> dict[str, int]:
    """Group id -> units to keep, as many as kernels like and a decision's target allows: those of most worth, which is
    the log-odds of a unit to stay as far as they are above nothing (their softplus)."""
    masks, target = _masks(decision), decision.target
    entries = []
    for candidate in decision.offered:
        name, size = candidate.group.id, candidate.group.size
        if name in logits:
            entries.append(replace(candidate, scores=np.logaddexp(0, logits[name])))
        else:
            entries.append(replace(candidate, step=1, ratio=1 - int(masks[name].sum()) / size))
    limit = None if target is None else target.fraction * cost.whole
    finer = WHOLE if target is not None and target.timed else PARTS
    counts = choose(entries, knapsack, cost, limit, finer).counts
    return {name: counts[name] for name in logits}


def chosen(decision: Decision, cost: Cost, logits: Scores, widths: Mapping[str, int]) -> Decision:
    """What was learned, as a decision with the target of another."""
    target = decision.target
    counts = {name: int(mask.sum()) for name, mask in _masks(decision).items()} | dict(widths)
    entries = [replace(c, scores=logits.get(c.group.id, c.scores)) for c in decision.offered]
    total = cost.total({c.group.atom: counts[c.group.id] for c in entries})
    met = target is None or target.allows(total / max(cost.whole, 1e-30))
    found = settled(entries, Fit(counts, total, met), cost.whole)
    found.target = target
    return found


def _masks(decision: Decision) -> dict[str, np.ndarray]:
    """Group id -> units that stay, of all groups that were offered."""
    whole = {c.group.id: np.ones(c.group.size, bool) for c in decision.offered}
    return whole | decision.masks
