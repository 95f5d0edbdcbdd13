"""The training of masks: Adam on logits, under a price for what is beyond the target."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from onnxprune.progress import Progress, Stage
from onnxprune.recovery.batches import Batches, Call
from onnxprune.recovery.masks.cost import ExpectedCost
from onnxprune.recovery.masks.gates import polarisation
from onnxprune.recovery.masks.lagrangian import Lagrangian
from onnxprune.recovery.masks.masked import Masked
from onnxprune.recovery.masks.setting import MaskSetting
from onnxprune.recovery.schedule import rate
from onnxprune.recovery.step import Pass

FIRST = 0.6
"""The part of the training after which widths are settled; the rest is for which units stay at these."""

LOOKS = 20
PATIENCE = 7
"""Looks, of `LOOKS` in all, without anything better once widths are settled, after which it ends."""

NOISE = 0.2
"""Of logits at the moment when widths are settled; it falls to nothing."""

BROKEN = 10
"""Steps in a row without a number, after which it ends."""


Widths = Callable[[Mapping[str, np.ndarray]], Mapping[str, int]]
"""Tells how many units groups are to keep, by their logits from the middle on, [units]."""


@dataclass(slots=True)
class Course:
    """What came of it. steps, seconds; curve: (step, loss over that of the start, expected cost); reason: why it ended
    before its time, or empty; skipped: steps whose loss was no number"""

    steps: int = 0
    seconds: float = 0.0
    curve: list[tuple[int, float, float]] = field(default_factory=list)
    reason: str = ""
    skipped: int = 0


class MaskTrainer:
    """One training. gradients: adds those of a step's loss, which is 1 for the decision that it begins with; widths:
    settles them; judge: tells what is lost with some units on data held out; tell: where it tells how far it is"""

    def __init__(
        self,
        masked: Masked,
        gradients: Pass,
        batches: Batches,
        cost: ExpectedCost,
        lagrangian: Lagrangian,
        polar: float,
        setting: MaskSetting,
        widths: Widths,
        judge: Callable[[Mapping[str, np.ndarray]], float],
        tell: Progress,
    ) -> None:
        self._masked, self._gradients, self._batches, self._cost = masked, gradients, batches, cost
        self._lagrangian, self._polar, self._effort, self._tell = lagrangian, polar, setting.effort, tell
        self._widths, self._judge, self._rate = widths, judge, setting.rate
        self.course = Course()
        self._generator = torch.Generator().manual_seed(setting.seed)
        self._optimizer = masked.optimizer(setting.rate)
        self._trained = [p for p in masked.parameters() if p.requires_grad]
        self._best, self._least, self._since, self._looks = masked.logits.detach(), math.inf, 0, 0

    def run(self) -> Tensor:
        """Train until the effort is spent or nothing gets better; returns the best logits by what would stay."""
        began, broken = time.monotonic(), 0
        for calls in self._batches.forever():
            done = self._done()
            if done >= 1 or self.course.reason:
                break
            if done >= FIRST and not self._masked.widths:
                self._settle()
            loss, cost = self._step(calls, done)
            broken = 0 if math.isfinite(loss) else broken + 1
            if broken >= BROKEN:
                self.course.reason = f"the loss was no number in {BROKEN} steps in a row"
            self.course.steps += 1
            self.course.seconds = time.monotonic() - began
            if not self._masked.widths:
                self._lagrangian.rise(cost, done / FIRST, (min(self._done(), FIRST) - done) / FIRST)
            self._say(loss, cost)
            self._look(loss, cost)
        if not self._masked.widths:
            self._settle()
        return self._best

    def _settle(self) -> None:
        """Let groups be as wide as was learned or, where less is lost so, as they were for the start."""
        masked = self._masked
        learned = self._widths(masked.named(masked.logits - masked.gate.middle))
        started = {group.name: int(group.keep.sum()) for group in masked.free}
        masked.settle(min((learned, started), key=lambda widths: self._judge(masked.best(widths))))
        self._optimizer = masked.optimizer(self._rate)
        self._best = masked.logits.detach().clone()
        self._judge_now()

    def _step(self, calls: list[Call], done: float) -> tuple[float, float]:
        """The loss and the expected cost before the step; a step without a number changes nothing."""
        masked, optimizer = self._masked, self._optimizer
        stage = (done - FIRST) / (1 - FIRST) if masked.widths else done / FIRST
        masked.draw(self._generator)
        masked.noise = NOISE * (1 - stage)
        loss, cost = self._gradients(calls), math.nan
        if not masked.widths:
            expected = self._cost(masked.counts())
            self._price(expected, stage).backward()
            cost = float(expected.detach())
        else:
            masked.level()
        gradients = [p.grad for p in self._trained if p.grad is not None]
        if math.isfinite(loss) and all(bool(torch.isfinite(g).all()) for g in gradients):
            for group in optimizer.param_groups:
                group["lr"] = group["rate"] * rate(stage)
            optimizer.step()
            masked.clamp()
        else:
            self.course.skipped += 1
        optimizer.zero_grad(set_to_none=True)
        return loss, cost

    def _price(self, cost: Tensor, stage: float) -> Tensor:
        """What is added to the loss."""
        price = self._lagrangian.price(cost, stage)
        return price + self._polar * stage * polarisation(self._masked.drawn()) if self._polar else price

    def _done(self) -> float:
        return self._effort.done(self.course.steps, self.course.seconds)

    def _look(self, loss: float, cost: float) -> None:
        """Note how it goes; once widths are settled, judge what would stay, and end where that got no better."""
        course, looks = self.course, int(self._done() * LOOKS + 1e-6)
        if looks > self._looks:
            self._looks = looks
            course.curve.append((course.steps, loss, cost))
            if self._masked.widths and not course.reason:
                self._judge_now()

    def _judge_now(self) -> None:
        masked = self._masked
        found = self._judge(masked.best(masked.by_name))
        self._since = 0 if found < self._least else self._since + 1
        if found < self._least:
            self._least, self._best = found, masked.logits.detach().clone()
        if self._least == 0:
            self.course.reason = "nothing is lost on the data held out"
        elif self._since >= PATIENCE:
            self.course.reason = f"nothing got better over {PATIENCE} looks at the data held out"

    def _say(self, loss: float, cost: float) -> None:
        done = min(self._done(), 1.0)
        text = f"step {self.course.steps}, loss {loss:.3g} of the start's"
        text += "" if math.isnan(cost) else f", cost {cost:.3f} of {self._lagrangian.aim(done / FIRST):.3f}"
        self._tell(Stage(f"training masks: {text}", done, 1))
