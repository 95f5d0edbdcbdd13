"""A target in time for zeros: alone, or on top of units that go.

What a layer gains is known of the kernels (`placing`); the sum of it tells what to aim at, and the whole model, timed
with the zeros in it, by how much that is off, as it is done for units (`timing`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from onnxprune.errors import InputError
from onnxprune.progress import Progress, inside
from onnxprune.pruning.decide import Decision, passes_of
from onnxprune.pruning.evidence import Evidence
from onnxprune.pruning.options import Options, Target
from onnxprune.pruning.placing import place
from onnxprune.pruning.sparsifying import Left, Sparse, layer_passes
from onnxprune.pruning.timing import LEAST, TRIALS, Timing, aimed, near
from onnxprune.repair import Work
from onnxprune.rewrite import keep_of
from onnxprune.sparse import LEVELS, Choice, Slot, Wanted, Worth, choose, fastest, losses

Decide = Callable[[Target | None], Decision]
"""Units for an estimated part of the time, by the passes over groups."""

NO_NEED = "the target is met without"


@dataclass(frozen=True, slots=True)
class Attempt:
    """estimate, fraction: of the dense model's time, as foretold and as seen; reachable: whether the aim was"""

    estimate: float
    fraction: float
    reachable: bool


@dataclass
class Composing:
    """A search for zeros, or for units beside given zeros, that take a fraction of the dense model's time."""

    watch: Timing
    evidence: Evidence
    sparse: Sparse
    decide: Decide | None

    def run(self, target: Target, share: float | None = None) -> Decision:
        """Which units go; the zeros are written into `sparse`. share: what units may stay of the time, where zeros do
        the rest; by default all. Raises InputError where the passes leave nothing to choose."""
        if self.evidence.doors.why_not:
            raise InputError(f"{_spelled(target)}: zeros can't be timed here: {self.evidence.doors.why_not}")
        if self.sparse.free:
            return self._zeros(self._units(target, share), target)
        if self.decide is None:
            raise InputError(
                f"{_spelled(target)}: the zeros are given, so nothing is left to choose (leave out sparsity)"
            )
        return self._beside(target, self.decide)

    def _units(self, target: Target, share: float | None) -> Decision:
        """The units that go before zeros are chosen: by the passes' own ratios, or for a share of the time."""
        if self.decide is not None and share is not None:
            return self.watch.search(Target(target.quantity, share), self.decide)
        stated = any(one.ratio is not None for one in passes_of(self.evidence.options))
        return self.decide(None) if self.decide is not None and stated else Decision({}, [], [], 1.0, True)

    # ------------------------------------------------------------------------------------------------ zeros

    def _zeros(self, decision: Decision, target: Target) -> Decision:
        """As many zeros as the target takes."""
        stopwatch, progress = self.evidence.stopwatch, self.watch.progress
        given = self._given(decision)
        slots, whole = self._slots(decision), stopwatch.dense_seconds
        if not slots:
            reasons = sorted({left.reason for left in self.sparse.left.values()})
            raise InputError(f"{_spelled(target)}: zeros make no layer faster: {', '.join(reasons)}")
        if decision.masks or given:
            progress("timing what is given")
        base = stopwatch.sparse(decision.masks, given) if decision.masks or given else 1.0
        dense = sum(slot.speed.dense for slot in slots.values())
        choices: list[Choice] = []

        def attempt(aim: float) -> Attempt:
            choice = choose(slots, dense - (base - aim) * whole)
            choices.append(choice)
            taken = {name: want for name, want in choice.wanted.items() if want is not None}
            estimate = base - (dense - choice.seconds) / whole
            return Attempt(max(estimate, LEAST), stopwatch.sparse(decision.masks, {**given, **taken}), choice.met)

        at, seen = approach(target, target.fraction, attempt, inside(progress, "timing zeros"))
        self._take(choices[at], slots)
        return _seen(decision, seen, target)

    def _given(self, decision: Decision) -> dict[str, Wanted]:
        """The zeros of layers whose sparsity the user has named, where they pay; these are settled then."""
        sparse = self.sparse
        self._place(sparse, decision, {name: sparse.worth[name] for name in sparse.worth if name not in sparse.free})
        return {name: want for name, want in sparse.wanted.items() if name not in sparse.free}

    def _slots(self, decision: Decision) -> dict[str, Slot]:
        """The layers whose zeros can be chosen, at the widths that are left; those that no kernel takes stay dense."""
        sparse = self.sparse
        names = [name for name in sparse.wanted if name in sparse.free]
        worth = {n: sparse.worth.get(n) or Worth(0.0, (sparse.wanted[n].pattern,)) for n in names}
        wanted = {n: sparse.wanted[n] for n in names}
        self._place(sparse, decision, {n: replace(one, gain=0.0) for n, one in worth.items()})
        names = [name for name in names if name in sparse.wanted]
        lost = self._losses(names, worth)
        return {n: Slot(wanted[n], worth[n], sparse.speeds[n], lost.get(n, {})) for n in names}

    def _place(self, sparse: Sparse, decision: Decision, worth: Mapping[str, Worth]) -> None:
        """Leave those layers dense that aren't worth it, in place."""
        watch, bare = self.watch, replace(sparse, worth=dict(worth))
        place(
            watch.analysis,
            bare,
            keep_of(watch.analysis, decision.masks),
            watch.shapes,
            self.evidence.doors,
            watch.progress,
        )

    def _losses(self, names: list[str], worth: Mapping[str, Worth]) -> dict[str, dict[str, np.ndarray]]:
        """What zeros do to layers; nothing where all are to have one sparsity."""
        evidence, sparse = self.evidence, self.sparse
        if not names or not set(names) <= sparse.spread:
            return {}
        if evidence.losses is None:
            work = Work(evidence.source, {}, evidence.calibration, progress=evidence.progress)
            evidence.losses = losses(work, {n: (sparse.wanted[n], worth[n].patterns, LEVELS) for n in names})
        return evidence.losses

    def _take(self, choice: Choice, slots: Mapping[str, Slot]) -> None:
        """What was chosen is what is wanted; there is nothing left to decide of it."""
        sparse = self.sparse
        for name, want in choice.wanted.items():
            slot = slots[name]
            sparse.wanted[name] = want or slot.want
            if want is None:
                best = fastest(slot.want, slot.worth, slot.speed)
                sparse.leave(name, Left(NO_NEED, best, slot.speed.rows))
        sparse.worth, sparse.spread = {}, sparse.spread - sparse.free

    # ------------------------------------------------------------------------------------------------ units

    def _beside(self, target: Target, decide: Decide) -> Decision:
        """As few units as the target takes, where the zeros are given."""
        stopwatch = self.evidence.stopwatch
        tried: list[Decision] = []

        def attempt(aim: float) -> Attempt:
            decision = decide(Target(target.quantity, aim)) if aim < 1 else Decision({}, [], [], 1.0, True)
            tried.append(decision)
            return Attempt(decision.fraction, stopwatch.sparse(decision.masks, self._placed(decision)), decision.met)

        at, seen = approach(target, 1.0, attempt, inside(self.watch.progress, "timing units and zeros"))
        return _seen(tried[at], seen, target)

    def _placed(self, decision: Decision) -> dict[str, Wanted]:
        """The zeros of a decision, at the widths that it leaves."""
        trial = deepcopy(self.sparse)
        self._place(trial, decision, trial.worth)
        return trial.wanted


def _seen(decision: Decision, seen: Attempt, target: Target) -> Decision:
    decision.fraction, decision.met, decision.target = seen.fraction, target.allows(seen.fraction), target
    return decision


def approach(target: Target, first: float, attempt: Callable[[float], Attempt], tell: Progress) -> tuple[int, Attempt]:
    """Aim, look, and aim again: the number of the slowest attempt that met the target, else the fastest, and what it
    was. first: what to aim at first."""
    found: list[Attempt] = []
    aim = first
    for number in range(TRIALS):
        tell(f"trial {number + 1}")
        found.append(attempt(aim))
        last = found[-1]
        repeats = any(abs(last.estimate - other.estimate) < 1e-9 for other in found[:-1])
        too_slow = not last.reachable and not target.allows(last.fraction)
        if near(last.fraction, target) or repeats or too_slow or (aim >= 1 and target.allows(last.fraction)):
            break
        aim = aimed(target.fraction, [(max(one.estimate, LEAST), one.fraction) for one in found])
    met = [k for k, one in enumerate(found) if target.allows(one.fraction)]
    best = max(met, key=lambda k: found[k].fraction) if met else min(range(len(found)), key=lambda k: found[k].fraction)
    return best, found[best]


def check(options: Options) -> None:
    """Raise InputError where a target in time can't be met by zeros, or doesn't go with what else is asked for."""
    target = options.target
    if target is None or not target.timed or options.plan is not None or not layer_passes(options):
        return
    if options.sparse_format != "op" and options.provider != "sparse":
        raise InputError(
            f"{_spelled(target)}: zeros that are written as {options.sparse_format} take as long as other numbers with "
            f"the provider {options.provider} (--sparse-format op, or --provider sparse)"
        )
    others = {"--train-masks": options.masks is not None, "--recover-rounds": options.recover_rounds > 1}
    for name in (name for name, given in others.items() if given):
        raise InputError(f"{name} can't go together with zeros and a target in time: each depends on the other")


def _spelled(target: Target) -> str:
    return f"--target {target.quantity}={target.fraction:g}"
