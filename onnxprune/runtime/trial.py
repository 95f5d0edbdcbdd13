"""Two models on the same inputs, one after the other: only one of them is in memory at a time."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from onnxprune.errors import InputError
from onnxprune.graph.disturb import with_disturbed_constants
from onnxprune.graph.expose import computed
from onnxprune.progress import Progress, counted, silent
from onnxprune.runtime.draws import conditions, halved
from onnxprune.runtime.exposed import Clock, Exposed, Forced
from onnxprune.runtime.opening import Fed, Source, expose
from onnxprune.runtime.run import Array, Feeds, run
from onnxprune.runtime.runnable import runnable_inputs
from onnxprune.runtime.verdict import HALF_TOLERANCES, Finding, Plan, Point, distance, disturbed, vacuous

SAMPLE, REQUIRED_SAMPLE = 2**16, 2**22
"""Elements that are compared of a tensor inside a model, and of one that is required."""

Observed = dict[str, Array]


class Trial:
    """Runs the masked model (`reference`), then the pruned one (`candidate`), and collects findings.

    findings: one for every tensor and draw; draws: how many were compared. Every step raises InputError where a model
    can't be loaded or run.
    """

    def __init__(self, masked: Source, plan: Plan, tolerance: float, clock: Clock, progress: Progress = silent) -> None:
        self.masked = masked
        self.plan = plan
        self.points = {p.name: p for p in plan.points}
        self.tolerance = tolerance
        self.clock = clock
        self.progress = progress
        self.findings: list[Finding] = []
        self.draws = 0
        self.executed: frozenset[str] = frozenset()
        self._inputs: list[Feeds] = []
        self._expected: list[Observed] = []
        self._kinds: dict[str, str] = {}
        self._gone: set[str] = set()

    def reference(self, seed: int, dims: Mapping[str, int] | None) -> None:
        """Run the masked model on as many draws as half of the time allows, but on one."""
        model = self._open(self.masked)
        self._kinds = {output.name: output.type for output in model.get_outputs()}
        for number, draw in enumerate(self._draw(model, seed, dims)):
            self.progress(f"proving: masked model, inputs {number + 1}")
            if self._inputs and self.clock.spent * (1 + 1 / len(self._inputs)) > self.clock.seconds / 2:
                break
            self._expected.append(self._observe(run(model, draw), dense=True))
            self._inputs.append(draw)
        if self.plan.witnesses:
            self._trace(model)

    def _draw(self, model: Exposed, seed: int, dims: Mapping[str, int] | None) -> Iterator[Feeds]:
        """Inputs under every condition, then such that other branches run: those may take inputs of other lengths."""
        feeds = runnable_inputs(model, seed=seed, dims=dims, bounds=self.plan.bounds)
        yield from conditions(feeds)
        for name, values in self.plan.switches.items():
            for value in values if name in feeds else ():
                if (feeds[name] == value).all():
                    continue
                forced = Forced(model, name, value)
                short = forced.merged(halved(feeds, model.get_inputs()))
                try:
                    yield forced.merged(runnable_inputs(forced, seed=seed, dims=dims, bounds=self.plan.bounds))
                except InputError:
                    if _runs(forced, short):
                        yield short

    def _trace(self, model: Exposed) -> None:
        """Which nodes the draws reach. The draws are run again, for the search for them ran others."""
        source = Fed(self.masked.model, lambda: model.weights) if isinstance(self.masked, Fed) else self.masked
        with tempfile.TemporaryDirectory(prefix="onnxprune-") as folder:
            traced = expose(source, (), self.clock, trace=Path(folder))
            for draw in self._inputs:
                run(traced, draw)
            self.executed = traced.executed()

    def candidate(self, pruned: Path | bytes) -> None:
        """Run the pruned model on the same draws and compare."""
        model = self._open_candidate(pruned)
        for number, draw in enumerate(self._inputs):
            self.progress(counted("proving: pruned model, inputs", number, len(self._inputs)))
            try:
                got = run(model, draw)
            except InputError:
                if self.draws and not self.clock.left:
                    return
                raise
            self.findings += self._compare(number, self._observe(got, dense=False))
            self.draws += 1

    def measure_noise(self, number: int = 0) -> None:
        """What rounding does to the masked model, for the draws on which the models differ.

        Weights (where they are fed) and inputs get their last bit flipped; a model whose weights are inside is run with
        optimisations instead. Where that can't be run, rounding may have done anything. number: of the disturbance;
        what several of them do adds up to the largest.
        """
        draws = sorted({f.draw for f in self.findings if f.verdict == "differs"})
        try:
            model = self._open(_disturbed(self.masked, number), optimize=not isinstance(self.masked, Fed))
            for place, draw in enumerate(draws):
                self.progress(counted("proving: what rounding does, inputs", place, len(draws)))
                moved = run(model, {k: disturbed(v, number) for k, v in self._inputs[draw].items()})
                self._add_noise(draw, self._observe(moved, dense=True))
        except InputError:
            self.findings = [replace(f, noise=math.inf) for f in self.findings]

    # ----------------------------------------------------------------------------------------------- details

    def _open(self, source: Source, optimize: bool = False) -> Exposed:
        inner = [p.name for p in self.points.values() if p.inner and p.name not in self._gone]
        return expose(source, inner, self.clock, optimize=optimize)

    def _open_candidate(self, pruned: Path | bytes) -> Exposed:
        """With those inner tensors that it has."""
        try:
            return self._open(pruned)
        except InputError:
            if not any(p.inner for p in self.plan.points):
                raise
        known = computed(pruned)
        gone = [p for p in self.plan.points if p.inner and p.name not in known]
        self._gone = {p.name for p in gone}
        if any(p.required for p in gone):  # then what was made from them must speak for itself
            self.points = {n: p if p.inner else replace(p, required=True, floor=0.0) for n, p in self.points.items()}
        return self._open(pruned)

    def _point(self, name: str) -> Point:
        return self.points.get(name) or Point(name)

    def _observe(self, outputs: Mapping[str, Array], dense: bool) -> Observed:
        """What is compared: what is kept of a dense tensor, and only a sample of a large one."""
        seen: Observed = {}
        for name, values in outputs.items():
            point = self._point(name)
            part = point.trim(values) if dense else values
            seen[name] = _sample(part, REQUIRED_SAMPLE if point.required else SAMPLE)
        return seen

    def _compare(self, number: int, got: Observed) -> Iterable[Finding]:
        expected = self._expected[number]
        for name in dict.fromkeys([*expected, *got]):
            if name in self._gone:
                continue
            point, a, b = self._point(name), expected.get(name), got.get(name)
            if a is None or b is None:
                yield Finding(point, number, math.inf, self.tolerance)
            else:
                error = distance(a, b, point.floor)
                yield Finding(point, number, error, self._allowed(point), vacuous=vacuous(a))

    def _allowed(self, point: Point) -> float:
        kind = self._kinds.get(point.name, "")
        half = max((t for name, t in HALF_TOLERANCES.items() if name in kind), default=0.0)
        return max(self.tolerance, half, point.tolerance)

    def _add_noise(self, number: int, moved: Observed) -> None:
        expected = self._expected[number]
        for k, finding in enumerate(self.findings):
            name = finding.point.name
            if finding.draw == number and name in moved and name in expected:
                noise = distance(expected[name], moved[name], finding.point.floor)
                self.findings[k] = replace(finding, noise=max(noise, finding.noise))


def _runs(model: Forced, feeds: Feeds) -> bool:
    try:
        run(model, feeds)
    except InputError:
        return False
    return True


def _sample(values: Array, most: int) -> Array:
    """At most that many elements, the same ones of all tensors of one shape."""
    if values.size <= most:
        return values
    picked = np.random.default_rng(values.shape).integers(0, values.size, most)
    return values.reshape(-1)[picked]


def _disturbed(source: Source, number: int) -> Source:
    if not isinstance(source, Fed):
        return source

    def weights() -> dict[str, Array]:
        made = source.weights()
        for name in list(made):
            made[name] = disturbed(made[name], number)  # one at a time: the old ones go as the new ones come
        return made

    return Fed(with_disturbed_constants(source.model, lambda values: disturbed(values, number)), weights)
