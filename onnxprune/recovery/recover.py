"""From two model files and data to the pruned one's weights, trained."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from onnxprune.calibration import Data
from onnxprune.errors import InputError
from onnxprune.graph import Model
from onnxprune.lift.lifting import lift
from onnxprune.lift.module import Lifted
from onnxprune.progress import Progress
from onnxprune.recovery.batches import Batches
from onnxprune.recovery.checkpoint import Checkpoint
from onnxprune.recovery.distributed import crew
from onnxprune.recovery.judge import Judge, tensors
from onnxprune.recovery.match import Match
from onnxprune.recovery.matching import Matching
from onnxprune.recovery.nature import features
from onnxprune.recovery.objective import Objective
from onnxprune.recovery.outcome import Outcome
from onnxprune.recovery.pace import channels_last, settle_threads
from onnxprune.recovery.step import Pass
from onnxprune.recovery.student import Student
from onnxprune.recovery.trainer import Trainer
from onnxprune.recovery.training import Training


@dataclass(frozen=True, slots=True)
class Recovered:
    """weights: stored tensor -> values, all that are learned; leads: whether this process is the one that writes"""

    weights: dict[str, np.ndarray]
    outcome: Outcome
    leads: bool


def train(
    dense: Model,
    pruned: Model,
    data: tuple[Data, Data],
    setting: Training,
    tell: Progress,
    saved: tuple[Path, str] | None = None,
    matches: Sequence[Match] = (),
) -> Recovered:
    """Train a pruned model to give out what the dense one does.

    data: to train on, and held out; saved: a checkpoint file, and what the training is of; matches: tensors inside that
    may be compared as well. Raises InputError where the models have different inputs, or can't be lifted, or the data
    don't suit them.
    """
    with crew(setting.device) as team:
        tell("lifting")
        torch.manual_seed(setting.seed)
        teacher, student = lift(dense).to(team.device).eval(), Student(lift(pruned), setting.mode, setting.seed)
        _check(teacher, student.lifted)
        student.to(team.device)
        for module in (teacher, student):
            channels_last(module)
        objective, outcome = Objective(setting.loss, features(dense)), Outcome()
        both = teacher.names & student.lifted.names
        matching = Matching([m for m in matches if m.name in both], setting.match, team.device)
        odd = settle(teacher, student, objective, matching, tensors(data[0][0], team.device))
        if odd:
            outcome.warnings.append(
                f"not compared, for their sizes differ: {odd} of the tensors inside (--plan tells what is left of them)"
            )
        judge = Judge(teacher, data[1], objective, team.device, tell) if team.leads else None
        learn = team.wrap(student)
        gradients = Pass(teacher, learn, objective, matching, data[0].batch, team, outcome.warnings.append)
        batches = Batches(data[0], setting.batch, setting.seed, (team.rank, team.size), setting.augment)
        if team.size == 1 and team.device.type == "cpu" and not setting.effort.counted:
            calls = next(batches.forever())
            settle_threads(lambda: gradients(calls), tell)
            student.zero_grad(set_to_none=True)
        checkpoint = Checkpoint(saved[0] if saved else None, _key(saved, setting))
        trainer = Trainer(student, gradients, batches, judge, setting, team, checkpoint, outcome, tell)
        trainer.run()
        outcome.kinds = objective.kinds
        if team.leads:
            checkpoint.remove()
        return Recovered(student.stored(), outcome, team.leads)


def _check(teacher: Lifted, student: Lifted) -> None:
    for name in sorted(set(teacher.inputs) ^ set(student.inputs)):
        raise InputError(f"the models have different inputs: only one has '{name}'")
    if not set(teacher.outputs) & set(student.outputs):
        raise InputError("the models have no output of the same name, so there is nothing to learn from")


def settle(
    teacher: Lifted, student: Student, objective: Objective, matching: Matching, feeds: Mapping[str, Tensor]
) -> int:
    """See what can be compared and trained: what the outputs don't depend on isn't. Returns how many tensors inside
    can't be compared.

    Raises InputError where nothing can be trained.
    """
    with torch.no_grad():
        wanted = teacher(feeds, matching.names)
    made = student(feeds, matching.names)
    odd = matching.fit(wanted, made)
    outputs = set(teacher.outputs) & set(student.lifted.outputs)
    loss = objective({name: wanted[name] for name in outputs}, made)
    if loss.requires_grad:
        loss.backward()
    used = 0
    for parameter in student.parameters():
        if parameter.grad is None:
            parameter.requires_grad_(False)
        used += parameter.grad is not None
        parameter.grad = None
    if not used:
        raise InputError("no learned tensor of the pruned model has an effect on its outputs that could be trained")
    return odd


def _key(saved: tuple[Path, str] | None, setting: Training) -> str:
    return hashlib.sha256(f"{saved[1] if saved else ''} {setting!r} {torch.__version__}".encode()).hexdigest()
