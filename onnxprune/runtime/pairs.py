"""Timing two calls in pairs whose order is drawn, for as long as somebody wants to see more."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from random import Random
from statistics import median

from onnxprune.runtime.interleave import Call, Clocks, Effort, sample_of, warm_up

Make = Callable[[], Call]

SLOW = 0.05
"""Seconds."""

LEAST = 4
"""Pairs that a making is good for, at least."""

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


def renewed(
    first: Make,
    second: Make,
    effort: Effort,
    *,
    seed: int = 0,
    processor: bool = False,
    clocks: Clocks | None = None,
) -> Iterator[Pair]:
    """Pairs of calls that are made anew again and again, in random order: the medians of a few pairs of each making.

    Where its memory lies makes a call of a millisecond up to a tenth faster or slower for as long as it lives. That is
    a property of neither model: drawn anew, it's noise like any other. At most half of the time goes into making. Calls
    of `SLOW` seconds and more are made once, and every pair of them counts: they are too dear, and depend on it less.
    """
    clock, coin = clocks or Clocks(), Random(seed)
    deadline = clock.wall() + effort.max_seconds
    for _ in range(effort.rounds):
        start = clock.wall()
        if start >= deadline:
            return
        calls = _made(first, second, coin)
        rest = replace(effort, max_seconds=deadline - clock.wall())
        timed = pairs(*calls, rest, seed=coin.getrandbits(32), processor=processor, clocks=clock)
        block: list[Pair] = []
        made = start
        for pair in timed:
            if not block and max(pair) >= SLOW:
                yield pair
                yield from timed
                return
            made = made if block else clock.wall()
            block.append(pair)
            if len(block) >= LEAST and clock.wall() - made >= made - start:
                break
        if len(block) >= LEAST:
            yield _median(block)


def _made(first: Make, second: Make, coin: Random) -> tuple[Call, Call]:
    if coin.random() < 0.5:
        one = first()
        return one, second()
    other = second()
    return first(), other


def _median(block: Sequence[Pair]) -> Pair:
    """The median of the first, and how that of the ratios says the second is."""
    base = median(one for one, _ in block)
    ratio = median(math.log(max(two, 1e-12) / max(one, 1e-12)) for one, two in block)
    return base, base * math.exp(ratio)
