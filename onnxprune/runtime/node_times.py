"""How long a model takes beside another, and how long every node that ONNX Runtime made of it, with its shapes."""

from __future__ import annotations

import json
import math
import tempfile
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from onnxprune.runtime.profile import self_times
from onnxprune.runtime.run import Feeds, prepare
from onnxprune.runtime.session import session

Shape = tuple[int, ...]
Clock = Callable[[], float]

_SUFFIX = "_kernel_time"


@dataclass(frozen=True, slots=True)
class NodeTime:
    """A node that ONNX Runtime executed: the shapes of its inputs (stored ones too) and outputs in its first run.

    share: its time, without that of nodes within it, as a fraction of the time of the other model
    """

    op: str
    name: str
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    share: float


@dataclass(frozen=True, slots=True)
class Beside:
    """A model's time as a fraction of another's, and that of its nodes."""

    ratio: float
    nodes: list[NodeTime]


@dataclass(frozen=True, slots=True)
class Patience:
    """rounds: at the most; max_seconds: no round starts later, once there are `least`; min_seconds: of one sample"""

    rounds: int = 15
    least: int = 5
    max_seconds: float = 4.0
    min_seconds: float = 0.002


def time_beside(
    base: Callable[[], object],
    model: Path,
    feeds: Feeds,
    *,
    threads: int = 1,
    provider: str = "cpu",
    patience: Patience = Patience(),
    clock: Clock = time.perf_counter,
) -> Beside:
    """Time a model file beside a call of another, by turns: what slows the machine for a while slows both.

    The nodes are those of a second session, with ONNX Runtime's profiler, run in the same rounds. All figures are
    medians over rounds. Raises InputError if the model can't be loaded or run.
    """
    with tempfile.TemporaryDirectory(prefix="onnxprune-profile-", ignore_cleanup_errors=True) as folder:
        plain = prepare(session(model, threads=threads, provider=provider), feeds)
        watched = session(model, threads=threads, provider=provider, profile=Path(folder) / "nodes")
        profiled = prepare(watched, feeds)
        try:
            ratios, bases, repeats = _rounds(base, plain, profiled, patience, clock)
        finally:
            written = watched.end_profiling()
        events = json.loads(Path(written).read_text(encoding="utf-8"))
    return Beside(median(ratios), node_shares(events, bases, repeats))


def _rounds(
    base: Callable[[], object],
    plain: Callable[[], object],
    profiled: Callable[[], object],
    patience: Patience,
    clock: Clock,
) -> tuple[list[float], list[float], int]:
    """Ratios and the base's seconds, a value for every round, and how many runs a round has."""
    profiled()
    _seconds(plain, 1, clock)
    repeats = max(1, math.ceil(patience.min_seconds / max(_seconds(plain, 1, clock), 1e-9)))
    ratios: list[float] = []
    bases: list[float] = []
    _seconds(base, repeats, clock)
    end = clock() + patience.max_seconds
    while len(ratios) < patience.rounds and (len(ratios) < patience.least or clock() < end):
        one = _seconds(base, repeats, clock)
        other = _seconds(plain, repeats, clock)
        _seconds(profiled, repeats, clock)
        bases.append(one)
        ratios.append(other / max(one, 1e-12))
    return ratios, bases, repeats


def _seconds(call: Callable[[], object], repeats: int, clock: Clock) -> float:
    start = clock()
    for _ in range(repeats):
        call()
    return (clock() - start) / repeats


def node_shares(events: Iterable[dict[str, Any]], bases: Sequence[float], repeats: int) -> list[NodeTime]:
    """The profiler's events (times in microseconds) by node: the median over rounds of its share of the base's seconds.

    The first run is not counted, and every round has `repeats` runs after it.
    """
    events = list(events)
    starts = sorted(event["ts"] for event in events if event["name"] == "model_run")
    kernels = [event for event in events if event["name"].endswith(_SUFFIX)]
    found: dict[tuple[str, str], tuple[dict[str, Any], list[float]]] = {}
    for event, duration in self_times(kernels):
        key = str(event["args"]["op_name"]), event["name"].removesuffix(_SUFFIX)
        _, rounds = found.setdefault(key, (event["args"], [0.0] * len(bases)))
        at = (bisect_right(starts, event["ts"]) - 2) // repeats
        if 0 <= at < len(rounds):
            rounds[at] += duration * 1e-6 / repeats
    return [
        NodeTime(op, name, _shapes(args, "input_type_shape"), _shapes(args, "output_type_shape"), _share(rounds, bases))
        for (op, name), (args, rounds) in found.items()
    ]


def _share(rounds: Sequence[float], bases: Sequence[float]) -> float:
    return median(one / max(base, 1e-12) for one, base in zip(rounds, bases, strict=True))


def _shapes(arguments: dict[str, Any], name: str) -> tuple[Shape, ...]:
    return tuple(tuple(next(iter(entry.values()), ())) for entry in arguments.get(name, ()))
