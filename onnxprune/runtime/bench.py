"""Latency of several models, interleaved in one process, with a confidence interval for their ratio."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from onnxprune.errors import InputError
from onnxprune.runtime.inputs import common_specs, input_specs
from onnxprune.runtime.interleave import Effort, Samples, interleave
from onnxprune.runtime.run import Array, Feeds, prepare, run
from onnxprune.runtime.runnable import runnable_inputs
from onnxprune.runtime.session import label, session

_RESAMPLES = 2000


@dataclass(frozen=True)
class Ratio:
    """How many times as fast: the estimate and its 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class BenchResult:
    """The samples of every model, in the order in which the models were given; seconds per run."""

    labels: tuple[str, ...]
    samples: tuple[Samples, ...]
    seed: int = 0

    def median(self, index: int) -> float:
        """Median wall-clock seconds of one run of model `index`."""
        return median(self.samples[index].wall)

    def fastest(self, index: int) -> float:
        """Fewest wall-clock seconds of one run of model `index`."""
        return min(self.samples[index].wall)

    def cpu_median(self, index: int) -> float:
        """Median processor seconds of one run of model `index`, over all threads of the process."""
        return median(self.samples[index].cpu)

    def ratio(self, index: int, base: int = 0) -> Ratio:
        """Median time of `base` over that of `index`: above 1, the model is faster than the base."""
        return bootstrap_ratio(self.samples[base].wall, self.samples[index].wall, seed=self.seed)

    def cpu_ratio(self, index: int, base: int = 0) -> Ratio:
        """The same of processor time, which other processes on the machine don't lengthen."""
        return bootstrap_ratio(self.samples[base].cpu, self.samples[index].cpu, seed=self.seed)


def bench(
    models: Sequence[Path | str | bytes],
    *,
    feeds: Feeds | None = None,
    threads: int = 1,
    provider: str = "cpu",
    rounds: int = 30,
    warmup: int = 3,
    min_seconds: float = 0.002,
    max_seconds: float = 60.0,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> BenchResult:
    """Time the models on the same inputs, which are random ones if `feeds` is None.

    See `Effort` for the four numbers that say how long, and `interleave` for the order. Raises InputError if
    there is nothing to measure, the models' inputs differ or a model can't be run.
    """
    if not models or rounds < 1:
        raise InputError(f"a bench needs a model and a round, but got {len(models)} and {rounds}")
    labels = [label(model) for model in models]
    sessions = [session(model, threads=threads, provider=provider) for model in models]
    specs = common_specs([(name, input_specs(s)) for name, s in zip(labels, sessions, strict=True)])
    inputs = runnable_inputs(sessions[0], specs=specs, seed=seed) if feeds is None else feeds
    for loaded in sessions:
        run(loaded, inputs)  # says clearly what is wrong, before anything is timed
    effort = Effort(rounds, warmup, min_seconds, max_seconds)
    samples = interleave([prepare(loaded, inputs) for loaded in sessions], effort, progress=progress)
    return BenchResult(tuple(labels), tuple(samples), seed)


def bootstrap_ratio(base: Sequence[float], other: Sequence[float], *, seed: int = 0) -> Ratio:
    """median(base) / median(other), with a percentile bootstrap over whole rounds.

    `base` and `other` hold a time for each round. Rounds are drawn in pairs, so that a slow moment that hit
    both counts in both. B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics
    7(1), 1979. A ratio with a median of zero time below it is inf.
    """
    one, two = np.asarray(base, float), np.asarray(other, float)
    if one.shape != two.shape or one.size == 0:
        raise InputError(f"a ratio needs the same rounds of both models, not {one.size} and {two.size}")
    picks = np.random.default_rng(seed).integers(0, one.size, (_RESAMPLES, one.size))
    low, high = np.percentile(_ratio(one[picks], two[picks]), [2.5, 97.5], method="inverted_cdf")
    return Ratio(float(_ratio(one[None], two[None])[0]), float(low), float(high))


def _ratio(base: Array, other: Array) -> Array:
    above, below = np.median(base, axis=1), np.median(other, axis=1)
    return np.asarray(np.divide(above, below, out=np.full_like(above, np.inf), where=below > 0))
