"""What the steps of a check share: both models, how they are run, and what came out beside findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.gate.baseline import Baseline, read
from onnxprune.gate.figures import Conditions
from onnxprune.gate.latency import Timed
from onnxprune.gate.limits import Limits
from onnxprune.progress import Progress
from onnxprune.pruning.plan import digests
from onnxprune.report.closeness import Closeness
from onnxprune.report.feeds import common_feeds
from onnxprune.report.record import Given
from onnxprune.runtime import Feeds


@dataclass(slots=True)
class Work:
    """dense: the baseline's model, None where it isn't at hand and nothing needs it."""

    model: Path
    baseline: Path
    recorded: Baseline
    limits: Limits
    conditions: Conditions
    dense: Path | None
    progress: Progress
    warnings: list[str] = field(default_factory=list)
    timed: Timed | None = None
    close: Closeness | None = None
    data: Given | None = None
    _feeds: Feeds | None = None

    def feeds(self) -> Feeds:
        """Random inputs that all models at hand run on, made once. Raises InputError where there are none."""
        if self._feeds is None:
            how, models = self.conditions, [self.dense, self.model] if self.dense else [self.model]
            self._feeds = common_feeds(models, dims=how.dims, provider=how.provider, threads=how.threads, seed=how.seed)
        return self._feeds


def begun(model: Path, baseline: Path, limits: Limits, dense: Path | None, progress: Progress) -> Work:
    """Read the baseline and find its model. Raises InputError where something that a limit needs isn't there."""
    recorded = read(baseline)
    found = _dense(recorded, baseline, limits, dense)
    return Work(model, baseline, recorded, limits, _conditions(recorded.conditions, limits), found, progress)


def _conditions(recorded: Conditions, limits: Limits) -> Conditions:
    return Conditions(
        dims=recorded.dims if limits.dims is None else limits.dims,
        threads=limits.threads or recorded.threads,
        provider=limits.provider or recorded.provider,
        seed=recorded.seed if limits.seed is None else limits.seed,
    )


def _dense(recorded: Baseline, path: Path, limits: Limits, named: Path | None) -> Path | None:
    """The baseline's model. Raises InputError where it is named or needed, and isn't there or has changed."""
    wanted = named is not None or limits.latency.ratio is not None or limits.fidelity.asked
    model = named or recorded.model_path(path.parent)
    if not model.is_file():
        wrong = "the baseline's model isn't there; --dense says where it is"
    elif digests(model) != recorded.model.sha256:
        wrong = f"isn't the model that {path} was recorded of; record it again, or give --dense"
    else:
        return model
    if wanted:
        raise InputError(f"{model}: {wrong}")
    return None
