"""Latency of several models side by side, as a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from onnxprune import runtime
from onnxprune.errors import InputError
from onnxprune.report.feeds import common_feeds
from onnxprune.report.pieces import interval, timing
from onnxprune.report.record import Interval, Timing
from onnxprune.runtime.environment import Environment, environment


@dataclass(frozen=True, slots=True)
class Timed:
    """One model of a bench; speedup, cpu_speedup: the first model's time, wall and processor, over this one's."""

    path: str
    time: Timing
    speedup: Interval
    cpu_speedup: Interval


@dataclass(frozen=True, slots=True)
class Benched:
    """A bench: models in the order given, shapes of the inputs, rounds done."""

    environment: Environment
    rounds: int
    shapes: dict[str, list[int]]
    models: list[Timed]


def bench(
    models: Sequence[Path | str],
    *,
    dims: Mapping[str, int] | None = None,
    provider: str = "cpu",
    threads: int = 1,
    rounds: int = 30,
    max_seconds: float = 60.0,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Benched:
    """Time models in turns, in this process, on the same random inputs. Raises InputError where one doesn't run.

    max_seconds: no round starts later than this, once there are three
    """
    if not models:
        raise InputError("a bench needs a model")
    paths = [Path(model) for model in models]
    feeds = common_feeds(paths, dims=dims, provider=provider, threads=threads, seed=seed)
    found = runtime.bench(
        paths,
        feeds=feeds,
        threads=threads,
        provider=provider,
        rounds=rounds,
        max_seconds=max_seconds,
        seed=seed,
        progress=progress,
    )
    timed = [
        Timed(str(path), timing(found, i), interval(found.ratio(i)), interval(found.cpu_ratio(i)))
        for i, path in enumerate(paths)
    ]
    shapes = {name: list(array.shape) for name, array in feeds.items()}
    return Benched(environment(threads, provider), len(found.samples[0].wall), shapes, timed)
