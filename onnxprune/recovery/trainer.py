"""The training itself: AdamW towards the teacher's outputs, the best state on data held out kept.

Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization". Nothing here is drawn but by the seed, so the same
number of steps on the same machine makes the same weights.
"""

from __future__ import annotations

import math
import time
from typing import Any

import torch
from torch import Tensor

from onnxprune.progress import Progress, Stage
from onnxprune.recovery.batches import Batches
from onnxprune.recovery.checkpoint import SECONDS, Checkpoint
from onnxprune.recovery.distributed import Crew
from onnxprune.recovery.judge import Judge
from onnxprune.recovery.outcome import Outcome, Point
from onnxprune.recovery.schedule import rate
from onnxprune.recovery.step import Pass
from onnxprune.recovery.student import Student
from onnxprune.recovery.training import Training

LOOKS = 20
"""How often data held out are looked at, evenly over the training."""

REST = 9
"""Times as long as a look takes, it is trained before the next one, where the clock ends it."""

PATIENCE = 6
"""Looks in the second half without anything better than what training had reached, after which it ends: in the first
half the rate is high, and a student restless."""

TRIES = 4
"""With a rate of a third each, where the first looks are worse than no training."""

WORSE = 3.0
"""Times the loss before the first step: a high rate shakes a student at first, but not that much."""

DECAY = 0.01
NORM = 1.0
"""Gradients are cut to this norm: the size of steps doesn't depend on it, but odd batches shouldn't count for more."""


class Trainer:
    """One training. learn: the student as the processes share it; tell: where it tells how far it is"""

    def __init__(
        self,
        student: Student,
        gradients: Pass,
        batches: Batches,
        judge: Judge | None,
        setting: Training,
        crew: Crew,
        checkpoint: Checkpoint,
        outcome: Outcome,
        tell: Progress,
    ) -> None:
        self._student, self._gradients, self._batches, self._judge = student, gradients, batches, judge
        self._setting, self._crew, self._checkpoint, self._tell = setting, crew, checkpoint, tell
        self.outcome = outcome
        self._trained = [p for p in student.parameters() if p.requires_grad]
        self._start = self._copy()
        self._best = self._start
        self._rate, self._tries = setting.rate, 1
        self._step, self._seconds, self._saved, self._looked = 0, 0.0, 0.0, 0
        self._looking, self._looked_at = 0.0, 0.0
        self._optimizer = self._fresh()

    def run(self) -> None:
        """Train until the effort is spent, or nothing gets better; the student is then the best that was seen."""
        self._resume()
        if not self.outcome.curve:
            self._look()
        while not self._over():
            if not self._round():
                break
        self._put(self._best)
        self.outcome.steps, self.outcome.seconds = self._step, self._seconds

    def _round(self) -> bool:
        """Train to the end; False where it is over. True: from the start again, with a lower rate."""
        began = time.monotonic() - self._seconds
        steps = self._batches.forever(self._step)
        while not self._over():
            for group in self._optimizer.param_groups:
                group["lr"] = self._rate * group["size"] * rate(self._done())
            loss = self._gradients(next(steps))
            if self._crew.any(not math.isfinite(loss)):
                return self._lower(f"the loss was no number at step {self._step + 1}")
            torch.nn.utils.clip_grad_norm_(self._trained, NORM)
            self._optimizer.step()
            self._student.keep_zeros()
            self._optimizer.zero_grad(set_to_none=True)
            self._step += 1
            self._seconds = self._crew.agree(time.monotonic() - began)
            self._say(loss)
            if self._is_time_to_look():
                self._look()
                if self._is_worse():
                    return self._lower(f"training made it worse at a rate of {self._rate:g}")
                if self._is_stuck():
                    self.outcome.reason = f"nothing got better over {PATIENCE} looks at the data held out"
                    return False
                self._save()
        return False

    def _done(self) -> float:
        return self._setting.effort.done(self._step, self._seconds)

    def _look_due(self) -> int:
        """How many looks are due by now."""
        return int(self._done() * LOOKS + 1e-6)

    def _over(self) -> bool:
        return self._done() >= 1

    def _is_time_to_look(self) -> bool:
        """At the end, and evenly on the way; by the clock, looking takes no more than a tenth of the time."""
        if self._over() or math.isfinite(self._setting.effort.steps):
            return self._over() or self._look_due() > self._looked
        rested = self._crew.agree(self._seconds - self._looked_at) >= REST * self._looking
        return rested and self._look_due() > self._looked

    def _look(self) -> None:
        """Judge the student as it is; keep it if it is the best so far."""
        self._looked, start = self._look_due(), time.monotonic()
        loss, fidelity = math.inf, math.inf
        if self._judge is not None:
            found = self._judge(self._student)
            loss, fidelity = found.loss, found.fidelity
        loss, fidelity = self._crew.agree(loss), self._crew.agree(fidelity)
        self._looking, self._looked_at = time.monotonic() - start, self._seconds
        outcome = self.outcome
        outcome.curve.append(Point(self._step, self._seconds, loss, fidelity))
        if loss < outcome.after.loss:
            outcome.best = len(outcome.curve) - 1
            self._best = self._copy()

    def _is_worse(self) -> bool:
        """Whether the student is much worse than before the first step."""
        return not self.outcome.curve[-1].loss < WORSE * self.outcome.before.loss

    def _is_stuck(self) -> bool:
        """Whether training has been getting no further for long, in the second half."""
        losses = [point.loss for point in self.outcome.curve[1:]]
        return self._done() > 0.5 and len(losses) - 1 - losses.index(min(losses)) >= PATIENCE

    def _lower(self, why: str) -> bool:
        """Begin again with a third of the rate; False where that was done often enough, or something is gained."""
        if self.outcome.gained or self._tries >= TRIES:
            self.outcome.reason = why
            return False
        self._tries += 1
        self._rate /= 3
        self.outcome.warnings.append(f"{why}, so it began again at {self._rate:g}")
        self._put(self._start)
        self._optimizer = self._fresh()
        self.outcome.curve = self.outcome.curve[:1]
        return True

    def _fresh(self) -> torch.optim.Optimizer:
        groups = [{"params": params, "size": size} for size, params in self._student.groups()]
        return torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.99), weight_decay=DECAY)

    def _copy(self) -> list[Tensor]:
        return [p.detach().clone() for p in self._trained]

    def _put(self, values: list[Tensor]) -> None:
        with torch.no_grad():
            for parameter, value in zip(self._trained, values, strict=True):
                parameter.copy_(value)

    def _say(self, loss: float) -> None:
        if self._crew.leads:
            before, now = self.outcome.before, self.outcome.curve[-1]
            held = f"held out {now.loss:.3g}, {before.loss:.3g} at first; fidelity loss {100 * now.fidelity:.2f} %"
            self._tell(Stage(f"recovering: step {self._step}, loss {loss:.3g} ({held})", min(self._done(), 1), 1))

    def _save(self) -> None:
        if not self._crew.leads or self._seconds - self._saved < SECONDS:
            return
        self._saved = self._seconds
        outcome = self.outcome
        self._checkpoint.save(
            {
                "now": self._copy(),
                "best": self._best,
                "optimizer": self._optimizer.state_dict(),
                "numbers": [self._step, self._seconds, self._rate, self._tries, outcome.best],
                "curve": [[p.step, p.seconds, p.loss, p.fidelity] for p in outcome.curve],
                "warnings": outcome.warnings,
            }
        )

    def _resume(self) -> None:
        """Go on where a killed training was, if there is one."""
        found: dict[str, Any] | None = self._checkpoint.load()
        if found is None:
            return
        self._step, self._seconds, self._rate, self._tries, self.outcome.best = found["numbers"]
        self._saved, self._looked = self._seconds, self._look_due()
        self.outcome.curve = [Point(*row) for row in found["curve"]]
        self.outcome.warnings = [*found["warnings"], f"went on from step {self._step} of a training that was stopped"]
        self._put(found["now"])
        self._best = [v.to(p.device) for v, p in zip(found["best"], self._trained, strict=True)]
        self._optimizer = self._fresh()
        self._optimizer.load_state_dict(found["optimizer"])
