"""The baseline model and the new one in turns, until it is clear which side of a limit their ratio is on."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from onnxprune.gate.evidence import Evidence, Question, State
from onnxprune.gate.figures import Conditions
from onnxprune.progress import Progress, Stage, silent
from onnxprune.runtime import Effort, Feeds, bench, prepare, session
from onnxprune.runtime.interleave import Call
from onnxprune.runtime.pairs import Pair, renewed

MOST_PAIRS = 100_000


@dataclass(frozen=True, slots=True)
class Timed:
    """What a comparison of times came to.

    pairs: how many counted, each the medians of a few (see `runtime.pairs.renewed`); ratio: their median of new over
    base time; low, high: its confidence sequence, None where it is open; base, new:
    median seconds per run; clock: "wall", or "processor" for processor time
    """

    state: State
    clock: str
    pairs: int
    ratio: float
    low: float | None
    high: float | None
    base: float
    new: float
    question: Question


def decide(
    found: Iterable[Pair],
    question: Question,
    *,
    clock: str = "wall",
) -> Timed:
    """Take pairs of times (base, new) until the question is decided or there are no more."""
    evidence = Evidence(question)
    times: list[Pair] = []
    for pair in found:
        times.append(pair)
        if evidence.add(*pair) is not State.UNDECIDED:
            break
    low, high = evidence.interval
    return Timed(
        state=evidence.state,
        clock=clock,
        pairs=len(times),
        ratio=evidence.ratio,
        low=low if low > 0 else None,
        high=high if high < float("inf") else None,
        base=median([base for base, _ in times]) if times else 0.0,
        new=median([new for _, new in times]) if times else 0.0,
        question=question,
    )


def race(
    base: Path,
    new: Path,
    question: Question,
    conditions: Conditions,
    feeds: Feeds,
    *,
    clock: str = "auto",
    seconds: float,
    progress: Progress = silent,
) -> Timed:
    """Time two model files in this process, for at most so many seconds. Raises InputError where one doesn't run."""
    how, clock = conditions, chosen(clock, conditions)

    def make(path: Path) -> Call:
        return prepare(session(path, threads=how.threads, provider=how.provider), feeds)

    effort = Effort(rounds=MOST_PAIRS, max_seconds=seconds)
    gc.collect()
    found = renewed(partial(make, base), partial(make, new), effort, seed=how.seed, processor=clock == "processor")
    return decide(_telling(found, seconds, progress), question, clock=clock)


def _telling(found: Iterable[Pair], seconds: float, progress: Progress) -> Iterator[Pair]:
    """The pairs; how much of the time has passed is told on the way."""
    began = time.monotonic()
    for pair in found:
        progress(Stage(f"timing both models in turns, for at most {seconds:g} s", time.monotonic() - began, seconds))
        yield pair


def alone(model: Path, conditions: Conditions, feeds: Feeds, *, clock: str = "auto", seconds: float) -> float:
    """Median seconds of one run of one model."""
    how = conditions
    found = bench([model], feeds=feeds, threads=how.threads, provider=how.provider, max_seconds=seconds)
    return found.cpu_median(0) if chosen(clock, conditions) == "processor" else found.median(0)


def chosen(clock: str, conditions: Conditions) -> str:
    """The clock that "auto" stands for: processor time says how long one thread takes, whoever else wants the core."""
    if clock != "auto":
        return clock
    return "processor" if conditions.threads == 1 and conditions.provider == "cpu" else "wall"
