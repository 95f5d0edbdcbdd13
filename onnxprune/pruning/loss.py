"""How much worse a pruned model is than the dense one: by fidelity on data held out, or by a metric of the user's."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Protocol, TypeVar

from onnxprune.calibration import Data
from onnxprune.pruning.metric import Metric
from onnxprune.pruning.options import Options
from onnxprune.runtime import compare_models

JUMP = 5.0
"""So many times the loss of the next milder trial is a cliff."""

LEAST = 0.004
"""Smaller losses count as this one, or as one answer: from nothing, any loss would be a jump."""

NEAR = 0.1
"""Trials that are so close in their MACs are compared."""

ROUNDING = 1e-9

SPARSITY = "sparsity"
"""What is searched over where passes leave open how many zeros there are, beside the quantities of targets."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A pruning that was tried; target: what it aimed at, of the quantity that the search is over (a fraction that is
    left, or of zeros); macs: the fraction of multiply-accumulates that is left; loss: a fraction, infinite where the
    metric is no number; found: what came of the aim, in the same quantity"""

    target: float
    macs: float
    loss: float
    found: float = 1.0


class Tried(Protocol):
    """What a trial is told by."""

    @property
    def target(self) -> float: ...
    @property
    def macs(self) -> float: ...
    @property
    def found(self) -> float: ...


AnyTried = TypeVar("AnyTried", bound=Tried)


def place_of(quantity: str, trial: Tried) -> tuple[str, float]:
    """Where a trial lies among others, as a name and a number: the sparsity that it aimed at, the time that was seen,
    or what is left of the multiply-accumulates."""
    if quantity == SPARSITY:
        return quantity, trial.target
    return (quantity, trial.found) if quantity == "latency" else ("macs", trial.macs)


def mild_first(quantity: str, trials: Iterable[AnyTried]) -> list[AnyTried]:
    """Trials in the order of how much they took."""
    sign = 1 if quantity == SPARSITY else -1
    return sorted(trials, key=lambda trial: sign * place_of(quantity, trial)[1])


@dataclass(slots=True)
class Search:
    """The loss of a result, and what was tried on the way to it.

    limit, loss: fractions; metric: the user's, empty: fidelity; before, after: the metric of the dense model and of
    the result; trials: in the order in which they were made; grain: the loss of one answer, 0 where any loss can be;
    quantity: what trials aimed at, of targets or SPARSITY; aim: how much of it the result did, None for a plan
    """

    limit: float
    metric: str = ""
    loss: float = math.inf
    before: float | None = None
    after: float | None = None
    trials: list[Trial] = field(default_factory=list)
    grain: float = 0.0
    quantity: str = "macs"
    aim: float | None = None

    def __str__(self) -> str:
        """As the plan tells it."""
        aim = f"{self.quantity}={self.aim:g}" if self.aim is not None else "nothing"
        return f"{aim} in {len(self.trials)} trials, a loss of {self.loss:.6g} where {self.limit:g} is allowed"

    @property
    def met(self) -> bool:
        """Whether the result's loss is within the limit."""
        return self.allows(self.loss)

    def allows(self, loss: float) -> bool:
        """Whether a loss is within the limit; 1 - 0.95 is no more than 0.05, though rounding says so."""
        return loss <= self.limit + ROUNDING

    @property
    def warnings(self) -> list[str]:
        """Sentences for the user: cliffs, and a limit that the data are too few for."""
        one = f"one answer is {_percent(self.grain)} of the data held out, so the limit lets none change"
        return [*([one] if 0 < self.limit < self.grain else []), *self.cliffs()]

    def cliffs(self) -> list[str]:
        """A sentence for every small step in what is searched over across which the loss jumps."""
        by_loss = sorted(self.trials, key=lambda trial: trial.loss)
        least = max(LEAST, self.grain)
        return [
            self._sentence(mild, harsh)
            for mild, harsh in pairwise(mild_first(self.quantity, by_loss))
            if self._apart(mild, harsh) <= NEAR and harsh.loss > JUMP * max(mild.loss, least)
        ]

    def _apart(self, mild: Trial, harsh: Trial) -> float:
        return abs(place_of(self.quantity, mild)[1] - place_of(self.quantity, harsh)[1])

    def _sentence(self, mild: Trial, harsh: Trial) -> str:
        (name, first), (_, then) = (place_of(self.quantity, trial) for trial in (mild, harsh))
        jump = f"from {_percent(mild.loss)} to {_percent(harsh.loss)}"
        return f"between {name}={first:.3g} and {name}={then:.3g} the loss jumps {jump}"


def _percent(loss: float) -> str:
    return f"{100 * loss:.3g} %" if math.isfinite(loss) else "no number"


class Judge:
    """Compares pruned models with the dense one.

    data: held out, None where the metric has its own. Raises InputError for a metric that is of no use.
    """

    def __init__(self, dense: Path, options: Options, data: Data | None) -> None:
        self.dense, self.options, self.data = dense, options, data
        self.grain = 0.0
        threads, provider = options.threads, options.provider
        self.metric = Metric(options.metric, dense, threads=threads, provider=provider) if options.metric else None

    def __call__(self, pruned: Path) -> tuple[float, float | None]:
        """The loss of a model file, and what the metric says of it. Raises InputError where it can't be run."""
        if self.metric is not None:
            quality = self.metric(pruned)
            return self.metric.loss(quality), quality
        threads, provider = self.options.threads, self.options.provider
        found = compare_models(self.dense, pruned, feeds_list=self.data or (), threads=threads, provider=provider)
        self.grain = found.grain
        return found.loss, None
