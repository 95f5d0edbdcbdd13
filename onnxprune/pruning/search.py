"""The smallest model whose loss stays under a limit, or the one with most zeros: bisection over what is aimed at."""

from __future__ import annotations

import gc
import os
import shutil
from bisect import bisect_left
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.progress import Progress, inside, silent
from onnxprune.pruning.evidence import Evidence
from onnxprune.pruning.loss import SPARSITY, Judge, Search, Trial
from onnxprune.pruning.mixtures import POWERS, Mixing, Mixture
from onnxprune.pruning.options import Options, Target
from onnxprune.pruning.over import over
from onnxprune.pruning.prune import Pruned, prune
from onnxprune.pruning.result import Result

STEPS = 50
"""Targets that are this fraction of the dense model apart are told apart."""


def check_options(options: Options) -> None:
    """Raise InputError where the limit of the loss makes no sense with the other options."""
    limit = options.max_loss
    if limit is None:
        if options.metric:
            raise InputError("--metric says what the loss is, and needs a limit to it (--max-loss)")
        return
    if not 0 <= limit < 1:
        raise InputError(f"--max-loss {limit:g}: should be a fraction, at least 0 and below 1")
    if options.calibration is None and not options.metric:
        raise InputError("--max-loss needs data to see the loss on (--data), or a metric of yours (--metric)")
    over(options)


def search(evidence: Evidence, output: Path, trial: Path, progress: Progress = silent) -> Pruned:
    """The smallest model whose loss is within the limit, as the file `trial`; its result says what was tried.

    Where passes leave open how many zeros there are, and nothing else, it is the one with most zeros. Where no pruning
    is within the limit, it is the mildest that was tried. The target of the options is the least that is aimed at. A
    plan is done again, and its loss measured. Raises InputError for what can't be pruned or judged.
    """
    line = _Search(evidence, output, trial, progress)
    if evidence.options.plan is not None:
        line.attempt(None)
    else:
        line.bisect(aims(evidence.options.target))
    return line.done()


def aims(least: Target | None) -> list[float]:
    """The fractions that may be tried, rising: the least, and whole steps above it."""
    steps = [step / STEPS for step in range(1, STEPS)]
    if least is None:
        return steps
    return [least.fraction, *(step for step in steps if step > least.fraction + 0.5 / STEPS)]


class _Search:
    """Trials, of which the best is kept: its file at `trial`, no other file stays."""

    best: Pruned

    def __init__(self, evidence: Evidence, output: Path, trial: Path, progress: Progress) -> None:
        self.evidence, self.output, self.trial, self.progress = evidence, output, trial, progress
        options = evidence.options
        self.over = over(options)
        progress("judging the dense model")
        self.judge = Judge(evidence.file.path, options, None if options.metric else evidence.held_out)
        self.found = Search(options.max_loss or 0.0, options.metric, quantity=self.over.quantity)
        self.found.before = self.judge.metric.dense if self.judge.metric else None

    def bisect(self, targets: list[float]) -> None:
        """Find the lowest target that is within the limit, taking it that the loss rises as the target falls."""
        low, high = -1, len(targets)
        middle = 0 if self.evidence.options.target else (low + high) // 2
        while low < middle < high:
            result, within = self.attempt(targets[middle])
            # Where steps are coarse, this is as good as other targets. Zeros are as many as were asked for.
            other = middle if self.over.quantity == SPARSITY else bisect_left(targets, result.fraction)
            if not within:
                low = max(middle, other - 1)
            elif not result.reached:  # nothing more can go
                return
            else:
                high = min(middle, other)
            middle = (low + high) // 2

    def attempt(self, left: float | None) -> tuple[Result, bool]:
        """Prune so that a fraction is left (None: by the plan) and judge; returns the result and whether it is within
        the limit."""
        name = "trying the plan" if left is None else f"trying {self.over.spelled(left)}"
        place = self.trial.parent / "trial" / self.trial.name
        place.parent.mkdir()
        made = self._made(left, place, name)
        gc.collect()  # graphs are full of cycles, and their weights are what memory is made of
        loss = made.loss
        self.progress(f"{name}: loss {loss:.3g}")
        self.found.trials.append(self._trial(left, made))
        if self.found.allows(loss) or not self.found.met:  # the later is the smaller, or, if none is within, milder
            self._keep(made, place)
            self.found.aim = None if left is None else self.over.value(left)
        shutil.rmtree(place.parent)
        return made.made.result, self.found.allows(loss)

    def _made(self, left: float | None, place: Path, name: str) -> Mixture:
        """A trial and what it loses; where units and zeros are both open, the first mixture that is good enough."""
        tell = inside(self.progress, name)
        target = None if left is None or self.over.quantity == SPARSITY else Target(self.over.quantity, left)
        if self.over.mixed and target is not None:
            return self._mixing(tell).best(target, self._powers(), place)
        sparsity = None if left is None or target is not None else self.over.value(left)
        made = prune(self.evidence, self.output, place, tell, target, sparsity)
        self.progress(f"{name}: judging")
        return Mixture(0.0, made, *self.judge(place))

    def _mixing(self, tell: Progress) -> Mixing:
        """Any mixture that meets the target within the limit will do, and no other need be tried then. Of those that
        don't meet it, the fastest of those within the limit tells how far one can go."""

        def rank(one: Mixture) -> tuple[float, ...]:
            fits = self.found.allows(one.loss)
            return (0, one.loss, 0) if one.reached else (1, not fits, one.made.result.fraction)

        return Mixing(
            self.evidence, self.output, tell, self.judge, rank, lambda one: one.reached and self.found.allows(one.loss)
        )

    def _powers(self) -> list[float]:
        """What was best for the last target, first."""
        return sorted(POWERS, key=lambda power: power != self.evidence.power)

    def _trial(self, left: float | None, trial: Mixture) -> Trial:
        result = trial.made.result
        found = _zeros(result) if self.over.quantity == SPARSITY else result.fraction
        return Trial(result.fraction if left is None else self.over.value(left), _left(trial.made), trial.loss, found)

    def _keep(self, made: Mixture, place: Path) -> None:
        for old in self.trial.parent.iterdir():
            if old.is_file():
                old.unlink()
        for file in place.parent.iterdir():
            os.replace(file, self.trial.parent / file.name)
        self.best, self.found.loss, self.found.after = made.made, made.loss, made.quality

    def done(self) -> Pruned:
        """The best trial, told of as what the user asked for."""
        result, target = self.best.result, self.evidence.options.target
        result.target = target
        result.reached = target is None or target.allows(result.fraction)
        result.search = self.found
        self.found.grain = self.judge.grain
        result.warnings += self.found.warnings
        if self.found.aim is not None:
            result.plan.decided["loss"] = str(self.found)
        return self.best


def _left(made: Pruned) -> float:
    """The fraction of multiply-accumulates."""
    before, after = made.result.before["macs"], made.result.after["macs"]
    return after / before if before else 1.0


def _zeros(result: Result) -> float:
    """The share of zeros in the weights that passes over layers take, those that stay dense included."""
    size = sum(entry["size"] for entry in [*result.plan.sparse, *result.plan.dense])
    return float(sum(entry["zeros"] for entry in result.plan.sparse) / max(size, 1))
