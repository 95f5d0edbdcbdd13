"""How much worse a pruned model is than the dense one: by fidelity on data held out, or by a metric of the user's."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

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


@dataclass(frozen=True, slots=True)
class Trial:
    """A pruning that was tried; target: the fraction that it aimed at, of the quantity that the search is over; macs:
    the fraction of multiply-accumulates that is left; loss: a fraction, infinite where the metric is no number"""

    target: float
    macs: float
    loss: float


@dataclass(slots=True)
class Search:
    """The loss of a result, and what was tried on the way to it.

    limit, loss: fractions; metric: the user's, empty: fidelity; before, after: the metric of the dense model and of
    the result; trials: in the order in which they were made; grain: the loss of one answer, 0 where any loss can be
    """

    limit: float
    metric: str = ""
    loss: float = math.inf
    before: float | None = None
    after: float | None = None
    trials: list[Trial] = field(default_factory=list)
    grain: float = 0.0

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
        """A sentence for every small step in multiply-accumulates over which the loss jumps."""
        mild_first = sorted(self.trials, key=lambda t: (-t.macs, t.loss))
        least = max(LEAST, self.grain)
        return [
            _sentence(mild, harsh)
            for mild, harsh in pairwise(mild_first)
            if mild.macs - harsh.macs <= NEAR and harsh.loss > JUMP * max(mild.loss, least)
        ]


def _sentence(mild: Trial, harsh: Trial) -> str:
    jump = f"from {_percent(mild.loss)} to {_percent(harsh.loss)}"
    return f"between macs={mild.macs:.3g} and macs={harsh.macs:.3g} the loss jumps {jump}"


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
