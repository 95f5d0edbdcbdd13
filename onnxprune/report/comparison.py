"""Two models side by side: fidelity, size, memory, latency, time per operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from onnxprune.pruning.measure import data_files
from onnxprune.report.build import closeness, latency
from onnxprune.report.environment import Environment, environment
from onnxprune.report.feeds import common_feeds
from onnxprune.report.model import opened
from onnxprune.report.record import Closeness, Latency
from onnxprune.runtime import Feeds, bench, by_op, compare_models, file_size, peak_memory, profile_ops


@dataclass(frozen=True, slots=True)
class Side:
    """One of the models; peak_memory: bytes that loading it and one run add to a process."""

    path: str
    params: int
    macs: int
    bytes: int
    peak_memory: int


@dataclass(frozen=True, slots=True)
class OpTimes:
    """Seconds per run that the nodes of one op take, in the dense and in the pruned model."""

    op: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A dense and a pruned model on the same random inputs."""

    environment: Environment
    before: Side
    after: Side
    fidelity: Closeness
    latency: Latency
    ops: list[OpTimes]


def compare(
    dense: Path | str,
    pruned: Path | str,
    *,
    dims: Mapping[str, int] | None = None,
    provider: str = "cpu",
    threads: int = 1,
    rounds: int = 30,
    max_seconds: float = 60.0,
    seed: int = 0,
    progress: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Compare two models on random inputs. Raises InputError where they can't be fed alike or one doesn't run.

    dims: lengths of open dimensions, by symbol; max_seconds: for the timing
    """
    first, second = Path(dense), Path(pruned)
    progress("comparing outputs")
    feeds = common_feeds([first, second], dims=dims, provider=provider, threads=threads, seed=seed)
    close = compare_models(first, second, feeds_list=[feeds], threads=threads, provider=provider)
    progress("measuring latency")
    how = partial(bench, rounds=rounds, max_seconds=max_seconds, seed=seed)
    timed = how([first, second], feeds=feeds, threads=threads, provider=provider)
    shapes = {name: list(array.shape) for name, array in feeds.items()}
    progress("measuring memory")
    sides = [_side(path, feeds, dims, threads, seed) for path in (first, second)]
    progress("profiling operators")
    return Comparison(
        environment=environment(threads, provider),
        before=sides[0],
        after=sides[1],
        fidelity=closeness(close),
        latency=latency(timed, shapes),
        ops=_ops(first, second, feeds, threads),
    )


def _side(path: Path, feeds: Feeds, dims: Mapping[str, int] | None, threads: int, seed: int) -> Side:
    model = opened(path, dims, seed)
    return Side(
        path=str(path),
        params=round(model.params.total()),
        macs=round(model.macs.total()),
        bytes=file_size(path, data_files(path)),
        peak_memory=peak_memory(path, feeds, threads=threads),
    )


def _ops(dense: Path, pruned: Path, feeds: Feeds, threads: int) -> list[OpTimes]:
    """Time per op, the slowest of the dense model first, then ops that only the pruned one has."""
    before, after = (by_op(profile_ops(path, feeds, threads=threads)) for path in (dense, pruned))
    return [OpTimes(op, before.get(op, 0.0), after.get(op, 0.0)) for op in dict.fromkeys([*before, *after])]
