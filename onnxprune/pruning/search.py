"""The smallest model whose loss stays under a limit: bisection over the target."""

from __future__ import annotations

import gc
import os
import shutil
from bisect import bisect_left
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.progress import Progress, inside, silent
from onnxprune.pruning.decide import passes_of
from onnxprune.pruning.evidence import Evidence
from onnxprune.pruning.loss import Judge, Search, Trial
from onnxprune.pruning.options import Options, Target
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
    if options.plan is None and not passes_of(options):
        raise InputError("--max-loss searches for how many units may go, and the passes named take none")
    if options.plan is None and any(p.ratio is not None for p in passes_of(options)):
        raise InputError("--max-loss searches for how much may go, so no pass can have a ratio of its own")


def search(evidence: Evidence, output: Path, trial: Path, progress: Progress = silent) -> Pruned:
    """The smallest model whose loss is within the limit, as the file `trial`; its result says what was tried.

    Where no pruning is within the limit, it is the mildest that was tried. The target of the options is the least that
    is aimed at. A plan is done again, and its loss measured. Raises InputError for what can't be pruned or judged.
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
        self.quantity = options.target.quantity if options.target else "macs"
        progress("judging the dense model")
        self.judge = Judge(evidence.file.path, options, None if options.metric else evidence.held_out)
        self.found = Search(options.max_loss or 0.0, options.metric)
        self.found.before = self.judge.metric.dense if self.judge.metric else None

    def bisect(self, targets: list[float]) -> None:
        """Find the lowest target that is within the limit, taking it that the loss rises as the target falls."""
        low, high = -1, len(targets)
        middle = 0 if self.evidence.options.target else (low + high) // 2
        while low < middle < high:
            result, within = self.attempt(targets[middle])
            other = bisect_left(targets, result.fraction)  # steps are coarse: this is as good as other targets
            if not within:
                low = max(middle, other - 1)
            elif not result.reached:  # nothing more can go
                return
            else:
                high = min(middle, other)
            middle = (low + high) // 2

    def attempt(self, fraction: float | None) -> tuple[Result, bool]:
        """Prune to a target (None: by the plan) and judge; returns the result and whether it is within the limit."""
        target = None if fraction is None else Target(self.quantity, fraction)
        name = "trying the plan" if target is None else f"trying {target.quantity}={target.fraction:g}"
        place = self.trial.parent / "trial" / self.trial.name
        place.parent.mkdir()
        made = prune(self.evidence, self.output, place, inside(self.progress, name), target)
        gc.collect()  # graphs are full of cycles, and their weights are what memory is made of
        self.progress(f"{name}: judging")
        loss, quality = self.judge(place)
        self.progress(f"{name}: loss {loss:.3g}")
        self.found.trials.append(Trial(made.result.fraction if fraction is None else fraction, _left(made), loss))
        if self.found.allows(loss) or not self.found.met:  # the later is the smaller, or, if none is within, milder
            self._keep(made, place, loss, quality)
        shutil.rmtree(place.parent)
        return made.result, self.found.allows(loss)

    def _keep(self, made: Pruned, place: Path, loss: float, quality: float | None) -> None:
        for old in self.trial.parent.iterdir():
            if old.is_file():
                old.unlink()
        for file in place.parent.iterdir():
            os.replace(file, self.trial.parent / file.name)
        self.best, self.found.loss, self.found.after = made, loss, quality

    def done(self) -> Pruned:
        """The best trial, told of as what the user asked for."""
        result, target = self.best.result, self.evidence.options.target
        result.target = target
        result.reached = target is None or target.allows(result.fraction)
        result.search = self.found
        self.found.grain = self.judge.grain
        result.warnings += self.found.warnings
        return self.best


def _left(made: Pruned) -> float:
    """The fraction of multiply-accumulates."""
    before, after = made.result.before["macs"], made.result.after["macs"]
    return after / before if before else 1.0
