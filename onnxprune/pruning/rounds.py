"""Pruning in several small steps, each of them followed by a part of the training.

Han et al. 2015, "Learning both Weights and Connections for Efficient Neural Networks": what is taken at once can't be
learned back as well as what is taken bit by bit. The teacher is the dense model all the time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from pathlib import Path

import numpy as np

from onnxprune.errors import InputError
from onnxprune.graph import scratch_folder
from onnxprune.progress import Progress, inside
from onnxprune.pruning.options import Options, Target, Teacher
from onnxprune.pruning.plan import Plan
from onnxprune.pruning.result import Result
from onnxprune.pruning.sparsifying import wraps
from onnxprune.recovery import Effort

Once = Callable[[Path, Path, Options, Progress], Result]
"""Prunes one file to another, without rounds."""


def check_rounds(options: Options) -> None:
    """Raise InputError where rounds make no sense with the other options."""
    if options.recover_rounds == 1:
        return
    if options.recover_rounds < 1:
        raise InputError(f"--recover-rounds {options.recover_rounds}: should be at least 1")
    if options.recover is None:
        raise InputError("--recover-rounds is about training, so say how long to train (--recover)")
    if options.target is None:
        raise InputError("--recover-rounds needs a target to go to in steps (--target)")
    others = {"--plan": options.plan, "--max-loss": options.max_loss}
    for name in (name for name, given in others.items() if given is not None):
        raise InputError(f"--recover-rounds and {name} can't go together: steps are made towards a target")
    if wraps(options):
        raise InputError("--recover-rounds and method=armor can't go together: units inside its blocks can't go later")


def in_rounds(source: Path, output: Path, options: Options, progress: Progress, once: Once) -> Result:
    """Prune to the target in equal ratios, training after each.

    The result is told of as if it had been pruned at once: its plan, done again on the dense model, takes the same
    units (but knows nothing of the training). Raises as `optimize` does.
    """
    assert options.target is not None and options.recover is not None
    rounds, target = options.recover_rounds, options.target
    effort = options.recover.effort
    part = replace(options.recover, effort=Effort(effort.seconds / rounds, effort.steps / rounds))
    results: list[Result] = []
    with scratch_folder(output.parent) as folder:
        file = source
        for number in range(rounds):
            last = number + 1 == rounds
            left = results[-1].fraction * _left(results[:-1]) if results else 1.0
            aim = target.fraction if last else target.fraction ** ((number + 1) / rounds)
            place = output if last else folder / f"round-{number + 1}.onnx"
            wanted = replace(options, target=Target(target.quantity, min(aim / left, 1.0)), recover=part, bench=False)
            wanted = replace(wanted, in_place=True, unfinished=not last)
            tell = inside(progress, f"round {number + 1} of {rounds}")
            teacher = _teacher(source, options.teacher, [result.plan for result in results])
            results.append(once(file, place, replace(wanted, recover_rounds=1, teacher=teacher), tell))
            file = place
    return _together(source, options, results)


def _teacher(source: Path, given: Teacher | None, plans: list[Plan]) -> Teacher | None:
    """The dense model, and what has become of it: before the first round, where there was something, and since."""
    if given is not None and given.plan is None:
        return given
    every = [*([given.plan] if given and given.plan else []), *plans]
    return Teacher(given.path if given else source, reduce(Plan.then, every)) if every else None


def _left(results: list[Result]) -> float:
    """The fraction that several rounds leave together."""
    return float(np.prod([result.fraction for result in results])) if results else 1.0


def _together(source: Path, options: Options, results: list[Result]) -> Result:
    """What all rounds did, as one."""
    first, last = results[0], results[-1]
    assert options.target is not None
    last.source, last.options, last.target = source, options, options.target
    last.fraction = _left(results)
    last.reached = options.target.allows(last.fraction)
    last.before, last.offered = first.before, first.offered
    last.proof = max((result.proof for result in results), key=lambda proof: proof.error)
    last.locked, last.unknown = first.locked, first.unknown
    last.warnings = list(dict.fromkeys(text for result in results for text in result.warnings))
    for earlier in reversed(results[:-1]):
        last.plan = earlier.plan.then(last.plan)
    if last.recovery is not None and first.recovery is not None:
        last.recovery.setting = options.recover or last.recovery.setting
    return last
