"""Timing two calls in pairs whose order is drawn, for as long as somebody wants to see more."""

from collections.abc import Iterator
from random import Random

from onnxprune.runtime.interleave import Call, Clocks, Effort, sample_of, warm_up

Pair = tuple[float, float]
"""Seconds per run of the first call and of the second."""


def pairs(
    first: Call,
    second: Call,
    effort: Effort,
    *,
    seed: int = 0,
    processor: bool = False,
    clocks: Clocks | None = None,
) -> Iterator[Pair]:
    """Time both calls once per pair, on the wall or by the processor's time; a coin decides which goes first.

    Given what came before, either order is as likely, so what disturbs the machine favours neither call. What a call
    leaves in caches would: every timed run comes after a run of the other call, an untimed one where need be. The pairs
    end after `effort.rounds`, or where `effort.max_seconds` are over.
    """
    clock, coin, calls = clocks or Clocks(), Random(seed), (first, second)
    repeats = [warm_up(call, effort, clock.wall) for call in calls]
    deadline, last = clock.wall() + effort.max_seconds, 1
    for _ in range(effort.rounds):
        if clock.wall() >= deadline:
            return
        order = (0, 1) if coin.random() < 0.5 else (1, 0)
        if order[0] == last:
            calls[order[1]]()
        seconds = {index: sample_of(calls[index], repeats[index], clock)[processor] for index in order}
        last = order[1]
        yield seconds[0], seconds[1]
