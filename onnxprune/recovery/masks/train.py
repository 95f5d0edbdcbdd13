"""From a gated model and data to logits of its units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from torch import Tensor

from onnxprune.calibration import Data
from onnxprune.graph import Model
from onnxprune.lift.lifting import lift
from onnxprune.progress import Progress
from onnxprune.recovery.batches import Batches
from onnxprune.recovery.distributed import crew
from onnxprune.recovery.judge import Judge
from onnxprune.recovery.masks.cost import CostOf, ExpectedCost
from onnxprune.recovery.masks.lagrangian import Lagrangian
from onnxprune.recovery.masks.masked import Fed, Masked
from onnxprune.recovery.masks.method import method_of
from onnxprune.recovery.masks.setting import MaskSetting
from onnxprune.recovery.masks.trainer import Course, MaskTrainer, Widths
from onnxprune.recovery.masks.units import Units
from onnxprune.recovery.matching import Matching
from onnxprune.recovery.objective import Objective
from onnxprune.recovery.pace import channels_last, settle_threads
from onnxprune.recovery.step import Pass


@dataclass(frozen=True, slots=True)
class Gated:
    """model: a gated model, ready to be lifted; fed: what its further inputs are fed"""

    model: Model
    fed: Fed


@dataclass(slots=True)
class Learned:
    """logits: group -> [units], the higher the more a unit is to stay; widths: group -> how many do; warnings:
    sentences for the user"""

    logits: dict[str, np.ndarray]
    widths: dict[str, int]
    course: Course
    warnings: list[str]


def train(
    dense: Model,
    gated: Gated,
    groups: Sequence[Units],
    aim: tuple[CostOf, float],
    data: tuple[Data, Data],
    setting: MaskSetting,
    widths: Widths,
    tell: Progress,
) -> Learned:
    """Train gates of groups so that of a cost (`aim`) at most a fraction is expected to stay, and then, with the widths
    that are settled for that, which units stay.

    data: to train on, and held out. Raises InputError where a model can't be lifted, or the data don't suit it.
    """
    method, warnings, objective = method_of(setting.method), list[str](), _Scaled(setting.loss)
    with crew(setting.device) as team:
        tell("lifting")
        teacher = lift(dense).to(team.device).eval()
        masked = Masked(lift(gated.model), gated.fed, groups, method, weights=setting.weights).to(team.device)
        for module in (teacher, masked.student):
            channels_last(module)
        judge = partial(_judged, masked, Judge(teacher, data[1], objective, team.device, tell), groups)
        objective.scale = max(judge({}), LEAST)
        matching = Matching((), 0.0, team.device)
        gradients = Pass(teacher, masked, objective, matching, data[0].batch, team, warnings.append)
        batches = Batches(data[0], setting.batch, setting.seed)
        if team.device.type == "cpu" and not setting.effort.counted:
            calls = next(batches.forever())
            settle_threads(lambda: gradients(calls), tell)
            masked.zero_grad(set_to_none=True)
        cost, prices = ExpectedCost(aim[0], team.device), Lagrangian(aim[1], method.warm, method.square)
        trainer = MaskTrainer(masked, gradients, batches, cost, prices, method.polar, setting, widths, judge, tell)
        logits = trainer.run()
        if trainer.course.skipped:
            warnings.append(f"{trainer.course.skipped} steps of mask training had no number as their loss")
        return Learned(masked.named(logits), masked.by_name, trainer.course, warnings)


def loss_under(dense: Model, gated: Gated, groups: Sequence[Units], data: Data, setting: MaskSetting) -> float:
    """What the outputs of a gated model are from a dense one's on data, under what groups keep."""
    with crew(setting.device) as team:
        teacher = lift(dense).to(team.device).eval()
        masked = Masked(lift(gated.model), gated.fed, groups, method_of(setting.method)).to(team.device)
        return _judged(masked, Judge(teacher, data, Objective(setting.loss), team.device), groups, {})


def _judged(masked: Masked, judge: Judge, groups: Sequence[Units], keep: Mapping[str, np.ndarray]) -> float:
    """What is lost under what groups keep; keep: in place of what they do."""
    masked.held = {group.name: group.keep for group in groups} | dict(keep)
    try:
        return judge(masked).loss
    finally:
        masked.held = None


LEAST = 1e-6
"""A loss at the start below this counts as this."""


class _Scaled(Objective):
    """An objective over a number."""

    scale = 1.0

    def __call__(self, teacher: Mapping[str, Tensor], student: Mapping[str, Tensor]) -> Tensor:
        return super().__call__(teacher, student) / self.scale
