"""A target in time for units and zeros both: how much of it each should do, the result says that loses least.

Units that go and zeros in what stays, composed: Eccles et al. 2025, "Mosaic: Composite Projection Pruning for
Resource-efficient LLMs". Which share is best depends on the model, so some mixtures are made and judged.
"""

from __future__ import annotations

import gc
import math
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from onnxprune.progress import Progress, inside
from onnxprune.pruning.decide import passes_of
from onnxprune.pruning.evidence import Evidence
from onnxprune.pruning.loss import Judge
from onnxprune.pruning.options import Options, Target
from onnxprune.pruning.prune import Pruned, prune
from onnxprune.pruning.sparsifying import layer_passes

POWERS = (0.0, 1 / 3, 2 / 3, 1.0)
"""Of the target: what units leave of the time, in the order in which they are tried; at 1 zeros have nothing to do."""


def is_open(options: Options) -> bool:
    """Whether a target in time leaves open both how many units go and how many zeros there are."""
    if options.target is None or not options.target.timed or options.plan is not None:
        return False
    units = passes_of(options)
    stated = any(one.ratio is not None for one in units)
    return bool(units) and not stated and any(one.free() for one in layer_passes(options))


@dataclass(frozen=True, slots=True)
class Mixture:
    """What was made for one power of the target. loss: seen, infinite where nobody looked; quality: what the user's
    metric says of it"""

    power: float
    made: Pruned
    loss: float = math.inf
    quality: float | None = None

    @property
    def reached(self) -> bool:
        return self.made.result.reached


@dataclass(slots=True)
class Mixing:
    """How mixtures are made and which is taken. judge: tells losses, None where nothing does; rank: of several the
    least is taken; enough: where no other need be tried"""

    evidence: Evidence
    output: Path
    progress: Progress
    judge: Judge | None
    rank: Callable[[Mixture], tuple[float, ...]]
    enough: Callable[[Mixture], bool]

    def best(self, target: Target, powers: Sequence[float], trial: Path) -> Mixture:
        """The mixture that is taken of those tried, as the file `trial`. Raises InputError as `prune` does."""
        best: Mixture | None = None
        for number, power in enumerate(powers):
            place = trial.parent / f"mixture-{number}" / trial.name
            place.parent.mkdir()
            found = self._made(target, power, place)
            if best is None or self.rank(found) < self.rank(best):
                best = found
                _move(place, trial)
            shutil.rmtree(place.parent)
            if self.enough(found):
                break
        assert best is not None
        self.evidence.power, self.evidence.share = best.power, _share(target, best.power)
        return best

    def _made(self, target: Target, power: float, place: Path) -> Mixture:
        share = self.evidence.share = _share(target, power)
        name = "zeros alone" if share is None else f"units for {share:.2f} of the time"
        made = prune(self.evidence, self.output, place, inside(self.progress, name), target)
        gc.collect()
        return Mixture(power, made, *self.judge(place)) if self.judge else Mixture(power, made)


def mix(evidence: Evidence, output: Path, trial: Path, progress: Progress) -> Pruned:
    """The mixture that meets the target and loses least on the data held out, as the file `trial`.

    Without data it is the first that meets the target, zeros alone first. Raises InputError as `prune` does.
    """
    target = evidence.options.target
    assert target is not None
    judge = Judge(evidence.file.path, evidence.options, evidence.held_out) if evidence.held_out else None
    powers = POWERS if evidence.power is None else [evidence.power]  # made once more: what is best is known
    mixing = Mixing(
        evidence,
        output,
        progress,
        judge,
        rank=lambda one: (not one.reached, one.loss if judge else POWERS.index(one.power)),
        enough=lambda one: judge is None and one.reached,
    )
    return mixing.best(target, powers, trial).made


def _share(target: Target, power: float) -> float | None:
    """What units leave of the time; None where no unit goes."""
    return None if power == 0 else target.fraction**power


def _move(place: Path, trial: Path) -> None:
    for old in trial.parent.iterdir():
        if old.is_file():
            old.unlink()
    for file in place.parent.iterdir():
        os.replace(file, trial.parent / file.name)
