"""Timing several calls side by side, so that what disturbs the machine disturbs all of them alike."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

MIN_ROUNDS = 3

Call = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    `rounds` times `warmup` untimed runs before; one sample lasts at least `min_seconds` (short calls are
    repeated); no round starts after `max_seconds`, once there are three.
    """

    rounds: int = 30
    warmup: int = 3
    min_seconds: float = 0.002
    max_seconds: float = 60.0


@dataclass(frozen=True)
class Clocks:
    """Seconds on the wall, and seconds of processor time of the whole process."""

    wall: Clock = time.perf_counter
    cpu: Clock = time.process_time


@dataclass(frozen=True)
class Samples:
    """Seconds per run of one call, a value per round: wall-clock time and processor time of all threads."""

    wall: tuple[float, ...]
    cpu: tuple[float, ...]


def interleave(
    calls: Sequence[Call],
    effort: Effort,
    *,
    clocks: Clocks | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Samples]:
    """Time every call once per round, in order and in reverse order by turns.

    The turns let a linear drift (a chip that warms up) cancel out between the calls. `progress` is told the
    rounds done and the rounds planned.
    """
    clock = clocks or Clocks()
    repeats = [warm_up(call, effort, clock.wall) for call in calls]
    wall: list[list[float]] = [[] for _ in calls]
    cpu: list[list[float]] = [[] for _ in calls]
    deadline = clock.wall() + effort.max_seconds
    for done in range(effort.rounds):
        if done >= MIN_ROUNDS and clock.wall() >= deadline:
            break
        order = range(len(calls)) if done % 2 == 0 else reversed(range(len(calls)))
        for index in order:
            seconds = sample_of(calls[index], repeats[index], clock)
            wall[index].append(seconds[0])
            cpu[index].append(seconds[1])
        if progress is not None:
            progress(done + 1, effort.rounds)
    return [Samples(tuple(w), tuple(c)) for w, c in zip(wall, cpu, strict=True)]


def warm_up(call: Call, effort: Effort, clock: Clock) -> int:
    """Run the call untimed, and return how many runs make one sample long enough."""
    seconds = math.inf
    for _ in range(effort.warmup):
        start = clock()
        call()
        seconds = clock() - start
    return max(1, math.ceil(effort.min_seconds / max(seconds, 1e-9)))


def sample_of(call: Call, repeats: int, clock: Clocks) -> tuple[float, float]:
    """Seconds per run over so many runs in a row: on the wall, and of the processor."""
    wall, cpu = clock.wall(), clock.cpu()
    for _ in range(repeats):
        call()
    cpu, wall = clock.cpu() - cpu, clock.wall() - wall
    return wall / repeats, cpu / repeats
