"""Stages, one after the other, each in a file of its own in a scratch folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from math import prod
from pathlib import Path

from onnxprune.calibration import Data, Quantised, quantise
from onnxprune.errors import InputError
from onnxprune.graph import load, save
from onnxprune.progress import Progress, inside
from onnxprune.pruning import Options, Plan, Recovery, Result, Stage, Target, optimize
from onnxprune.pruning.evidence import held_out
from onnxprune.pruning.inputs import imagined
from onnxprune.pruning.matches import matches_of_plan
from onnxprune.pruning.options import Teacher
from onnxprune.pruning.retrain import retrain
from onnxprune.recipe.advice import aims_at_whole
from onnxprune.recipe.shared import Shared
from onnxprune.recipe.spelling import of_keys
from onnxprune.recipe.steps import Prune, Quantise, Recover, Step
from onnxprune.recipe.telling import counts
from onnxprune.runtime import Feeds, Fidelity, PlainFile, compare_models

COLLAPSE = 0.1
"""A quantisation that costs more of the fidelity than this is told of."""


@dataclass(slots=True)
class Line:
    """Where the stages are. dense: the original model; options: of the whole; output: what the user calls the result;
    feeds: to compare models on where there are no data; plans: of stages that took units, None once the names in the
    file no longer are the dense model's; last: what the model is now"""

    dense: Path
    output: Path
    options: Options
    shared: Shared
    judged_by: Data | None
    feeds: Callable[[], Feeds]
    progress: Progress
    before: dict[str, float]
    plans: list[Plan] | None = field(default_factory=list)
    stages: list[Stage] = field(default_factory=list)
    last: Path = field(init=False)

    def __post_init__(self) -> None:
        self.last = self.dense

    def do(self, number: int, step: Step, place: Path, unfinished: bool, said: Sequence[str] = ()) -> None:
        """Do a stage: from the last file to `place`. Raises InputError naming the stage that can't be done.

        unfinished: more is to come; said: sentences on the stage
        """
        started, which = time.monotonic(), f"stage {number} ({step.kind})"
        outer = self.progress
        try:
            self.progress = inside(outer, which)
            work = self._work(step, place, unfinished)
            self.progress("looking at what came of it")
            after, fidelity = counts(place, self.options), self._fidelity(place)
        except InputError as error:
            raise InputError(f"{which}: {of_keys(str(error).replace(str(place), str(self.output)))}") from None
        finally:
            self.progress = outer
        made = Stage(step.kind, dict(step.settings), time.monotonic() - started, after, fidelity, work)
        made.warnings = [f"{which}: {of_keys(text)}" for text in [*said, *work.warnings, *self._collapse(made)]]
        self.stages.append(made)
        self.last = place

    def _work(self, step: Step, place: Path, unfinished: bool) -> Result | Recovery | Quantised:
        if isinstance(step.work, Prune):
            return self._prune(step, step.work.options, place, unfinished)
        if isinstance(step.work, Recover):
            return self._recover(step, step.work, place)
        return self._quantise(step, step.work, place)

    def _prune(self, step: Step, options: Options, place: Path, unfinished: bool) -> Result:
        teacher = Teacher(self.dense, self._plan()) if self.stages else None
        aimed = self._aim(step)
        wanted = replace(options, target=aimed or options.target, bench=False, unfinished=unfinished, teacher=teacher)
        found = optimize(self.last, place, replace(wanted, parts=self.shared.of_step(step)), self.progress)
        if aimed is not None:
            found.target, found.reached = None, True  # the whole is judged by its target at the end
        if self.plans is not None:
            self.plans.append(found.plan)
        return found

    def _aim(self, step: Step) -> Target | None:
        """What the target of the whole leaves to do, for a stage that has none and says nothing else."""
        whole = self.options.target
        if whole is None or not aims_at_whole(step):
            return None
        return Target(whole.quantity, min(whole.fraction / max(self._left(whole), 1e-30), 1.0))

    def _left(self, whole: Target) -> float:
        """The fraction of the target's quantity that stages so far have left, as far as that is known of time."""
        if whole.timed:
            works = [stage.work for stage in self.stages if isinstance(stage.work, Result)]
            return prod(work.fraction for work in works if work.options.target and work.options.target.timed)
        name = "bytes" if whole.quantity == "size" else whole.quantity
        return self.stages[-1].after[name] / max(self.before[name], 1e-30) if self.stages else 1.0

    def _recover(self, step: Step, work: Recover, place: Path) -> Recovery:
        save(load(self.last), place)
        file = PlainFile(self.dense, work.inputs.dims or None, work.training.seed)
        parts = self.shared.of_step(step)
        if parts is None:
            made = imagined(file, work.inputs, work.training.seed, self.progress)
            parts = made.split(held_out(made.samples))
        plan = self._plan()
        known = self.plans is not None and work.training.match
        matches = matches_of_plan(file.load(), plan) if known else []
        return retrain(file, place, parts, work.training, self.progress, self.output, matches)

    def _quantise(self, step: Step, work: Quantise, place: Path) -> Quantised:
        self.progress("quantising")
        parts = self.shared.of_step(step)
        found = quantise(self.last, place, work.setting, parts[0] if parts else None)
        self.plans = None
        return found

    def _plan(self) -> Plan | None:
        """What has become of the dense model so far, as far as that can be told."""
        return reduce(Plan.then, self.plans) if self.plans else None

    def _fidelity(self, model: Path) -> Fidelity | None:
        """How close the model is to the dense one; None where one of them can't be run."""
        threads, provider = self.options.threads, self.options.provider
        try:
            inputs = self.judged_by if self.judged_by is not None else [self.feeds()]
            return compare_models(self.dense, model, feeds_list=inputs, threads=threads, provider=provider)
        except InputError:
            return None

    def _collapse(self, stage: Stage) -> list[str]:
        """A sentence where a quantisation costs much."""
        now = stage.fidelity.loss if stage.fidelity else 0.0
        first = self.stages[-1].fidelity if self.stages else None
        was = first.loss if first else 0.0
        if stage.kind != "quantise" or now - was <= COLLAPSE:
            return []
        return [
            f"the outputs have moved far from the dense model's: a loss of {100 * now:.1f} %, {100 * was:.1f} % before"
        ]
