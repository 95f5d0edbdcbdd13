"""Two models side by side: fidelity, size, memory, latency, time per operator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.progress import Progress, Stage, counted, silent
from onnxprune.pruning.measure import data_files
from onnxprune.report.closeness import Closeness, closeness
from onnxprune.report.details import OpTimes, op_times
from onnxprune.report.feeds import common_data, common_feeds
from onnxprune.report.model import opened
from onnxprune.report.pieces import given, latency
from onnxprune.report.record import Given, Latency
from onnxprune.runtime import bench, compare_models, file_size, peak_memory, profile_ops
from onnxprune.runtime.environment import Environment, environment


@dataclass(frozen=True, slots=True)
class Side:
    """One of the models; peak_memory: bytes that loading it and one run add to a process."""

    path: str
    params: int
    macs: int
    bytes: int
    peak_memory: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A dense and a pruned model on the same inputs: the data that was given, or else random ones, which all else is
    measured on.
    """

    environment: Environment
    before: Side
    after: Side
    fidelity: Closeness
    latency: Latency
    ops: list[OpTimes]
    data: Given | None = None


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
    data: str | None = None,
    samples: int = 512,
    preprocess: Path | None = None,
    progress: Progress = silent,
) -> Comparison:
    """Compare two models on random inputs, or the closeness of their outputs on data.

    dims: lengths of open dimensions, by symbol; max_seconds: for the timing; data, samples, preprocess: see
    `calibration.open_data`. Raises InputError where the models can't be fed alike, one doesn't run, or the data
    doesn't suit them.
    """
    if preprocess is not None and data is None:
        raise InputError(f"{preprocess}: says what becomes of pictures, but no data is given")
    first, second = Path(dense), Path(pruned)
    progress("comparing outputs")
    feeds = common_feeds([first, second], dims=dims, provider=provider, threads=threads, seed=seed)
    load = partial(common_data, feeds=feeds, samples=samples, preprocess=preprocess, dims=dims, seed=seed)
    real = load([first, second], data) if data is not None else None
    where = partial(compare_models, threads=threads, provider=provider, progress=progress)
    close = where(first, second, feeds_list=real or [feeds])
    progress("measuring latency")
    how = partial(bench, rounds=rounds, max_seconds=max_seconds, seed=seed)
    how = partial(how, progress=lambda done, total: progress(Stage("measuring latency", done, total)))
    timed = how([first, second], feeds=feeds, threads=threads, provider=provider)
    shapes = {name: list(array.shape) for name, array in feeds.items()}
    sides = []
    for number, path in enumerate((first, second)):
        progress(counted("measuring memory of model", number, 2))
        memory = peak_memory(path, feeds, threads=threads, provider=provider)
        sides.append(_side(path, memory, dims, seed))
    progress("profiling operators")
    return Comparison(
        environment=environment(threads, provider),
        before=sides[0],
        after=sides[1],
        fidelity=closeness(close),
        latency=latency(timed, shapes),
        ops=op_times(*(profile_ops(path, feeds, threads=threads, provider=provider) for path in (first, second))),
        data=given(real) if real else None,
    )


def _side(path: Path, memory: int, dims: Mapping[str, int] | None, seed: int) -> Side:
    model = opened(path, dims, seed)
    return Side(
        path=str(path),
        params=round(model.params.total()),
        macs=round(model.macs.total()),
        bytes=file_size(path, data_files(path)),
        peak_memory=memory,
    )
