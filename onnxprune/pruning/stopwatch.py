"""Timing pruned variants of one model on this machine, to tell what others would take."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median

import numpy as np

from onnxprune.budget import Candidate, Cost, Variant, latency
from onnxprune.coupling import Analysis
from onnxprune.graph import Model, normalize
from onnxprune.progress import Progress, counted
from onnxprune.pruning.measure import timing_feeds
from onnxprune.pruning.options import Options
from onnxprune.pruning.timings import Timings, conditions
from onnxprune.pruning.variant import write_variant
from onnxprune.runtime import Effort, Feeds, Patience, PlainFile, Samples, interleave, prepare, session, time_beside
from onnxprune.sparse import Wanted

VARIANTS = 7
"""Are timed before the first estimate: one with all units, the others narrower and narrower."""

NARROWEST = 0.3
SPREAD = 0.3
"""Of a variant's share of units: groups differ by so much from it, so that their times can be told apart."""

SPARSE = Effort(rounds=40, max_seconds=10.0)
"""For variants with zeros, of which only the whole time is wanted."""

LONGER = Patience(rounds=40, least=7, max_seconds=10.0)
"""For what is to be told by itself: of variants, only all together matter."""


@dataclass
class Stopwatch:
    """Times variants of one model beside the dense one, on the inputs that its latency is measured on.

    What was timed is kept on this machine for later runs. Raises InputError where the model can't be run.
    """

    file: PlainFile
    options: Options
    trials: list[float] = field(default_factory=list)
    """What was seen of decisions, in their order."""
    _known: list[Variant] | None = None

    def cost(
        self,
        analysis: Analysis,
        candidates: Sequence[Candidate],
        near: float,
        shapes: Mapping[str, Sequence[int]],
        progress: Progress,
    ) -> Cost:
        """The time as a fraction of the dense model's; best told near a fraction.

        candidates: what may lose units; shapes: of tensors, where the model leaves them open
        """
        ids = {candidate.group.id for candidate in candidates}
        known = [v for v in self.known if ids <= v.counts.keys()]
        if len(known) < VARIANTS:
            for number, counts in enumerate(_widths(candidates, self.options.seed)):
                progress(counted("timing variant", number, VARIANTS))
                self._time(candidates, counts)
            known = [v for v in self.known if ids <= v.counts.keys()]
        return latency(analysis, known, near, shapes)

    def trial(self, candidates: Sequence[Candidate], counts: Mapping[str, int]) -> float:
        """Time a variant in which groups keep so many units, and take it into later estimates; returns the fraction."""
        self.trials.append(self._time(candidates, counts, LONGER).ratio)
        return self.trials[-1]

    def sparse(self, masks: Mapping[str, np.ndarray], zeros: Mapping[str, Wanted]) -> float:
        """Time a variant with units (by group id) and zeros (by layer), in the form that the options name; returns its
        fraction of the dense model's time. With one thread it's processor time, which others don't lengthen."""
        options = self.options
        with tempfile.TemporaryDirectory(prefix="onnxprune-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "variant.onnx"
            write_variant(self._source, masks, options.provider, path, zeros, options.sparse_format)
            opened = session(path, threads=options.threads, provider=options.provider)
            samples = interleave([self._dense, prepare(opened, self._feeds)], SPARSE)
        dense, found = (self._seconds(one) for one in samples)
        self.trials.append(float(median(np.divide(found, dense))))
        return self.trials[-1]

    @cached_property
    def dense_seconds(self) -> float:
        """What a call of the dense model takes, as `sparse` measures it."""
        return median(self._seconds(interleave([self._dense], SPARSE)[0]))

    def _seconds(self, samples: Samples) -> tuple[float, ...]:
        return samples.cpu if self.options.threads == 1 else samples.wall

    @property
    def known(self) -> list[Variant]:
        """Variants that were timed, here or in an earlier run on this machine."""
        if self._known is None:
            self._known = self._timings.load()
        return self._known

    def _time(
        self, candidates: Sequence[Candidate], counts: Mapping[str, int], patience: Patience | None = None
    ) -> Variant:
        masks = {c.group.id: np.arange(c.group.size) < counts[c.group.id] for c in candidates}
        options = self.options
        with tempfile.TemporaryDirectory(prefix="onnxprune-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "variant.onnx"
            write_variant(self._source, masks, options.provider, path)
            call, feeds, how = self._dense, self._feeds, patience or Patience()
            threads, provider = options.threads, options.provider
            seen = time_beside(call, path, feeds, threads=threads, provider=provider, patience=how)
        variant = Variant(dict(counts), seen.ratio, seen.nodes)
        self.known.append(variant)
        self._timings.save(self.known)
        return variant

    def _source(self) -> Model:
        return normalize(self.file.load())

    @cached_property
    def _feeds(self) -> Feeds:
        return timing_feeds(self.file.path, self.options)

    @cached_property
    def _dense(self) -> Callable[[], object]:
        options = self.options
        return prepare(session(self.file.path, threads=options.threads, provider=options.provider), self._feeds)

    @cached_property
    def _timings(self) -> Timings:
        shapes = {name: list(values.shape) for name, values in self._feeds.items()}
        return Timings(conditions(self._source(), shapes, self.options.threads, self.options.provider))


def _widths(candidates: Sequence[Candidate], seed: int) -> Iterator[dict[str, int]]:
    """Units to keep by group id, for every variant."""
    random = np.random.default_rng(seed)
    yield {c.group.id: c.group.size for c in candidates}
    for share in np.linspace(1.0, NARROWEST, VARIANTS)[1:]:
        wanted = share * random.uniform(1 - SPREAD, 1 + SPREAD, len(candidates))
        yield {c.group.id: c.align(w * c.group.size) for c, w in zip(candidates, wanted, strict=True)}
