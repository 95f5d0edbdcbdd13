"""Measuring what came out, against the dense model, in ONNX Runtime."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from pathlib import Path

from onnxprune.calibration import Data
from onnxprune.errors import InputError
from onnxprune.graph import data_files_of, index_bounds, load
from onnxprune.progress import Progress, Stage, silent
from onnxprune.pruning.options import Options
from onnxprune.runtime import (
    BenchResult,
    Feeds,
    Fidelity,
    bench,
    compare_models,
    file_size,
    input_specs,
    runnable_inputs,
    session,
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """bytes: (before, after); latency: interleaved, model 0 is the dense one; fidelity: of outputs on random inputs;
    reason: why something could not be measured, or empty; data: what fidelity was measured on, None: random inputs"""

    bytes: tuple[int, int]
    latency: BenchResult | None
    fidelity: Fidelity | None
    shapes: dict[str, list[int]]
    reason: str = ""
    data: Data | None = None


def measure(
    source: Path,
    output: Path,
    options: Options,
    data: Data | None = None,
    *,
    rounds: int = 30,
    max_seconds: float = 30.0,
    progress: Progress = silent,
) -> Measurement:
    """Size, latency (interleaved in this process) and fidelity of two model files.

    data: what fidelity is measured on, random inputs where there are none
    """
    sizes = file_size(source, data_files(source)), file_size(output, data_files(output))
    try:
        feeds = timing_feeds(source, options)
        gc.collect()
        latency = bench(
            [source, output],
            feeds=feeds,
            threads=options.threads,
            provider=options.provider,
            rounds=rounds,
            max_seconds=max_seconds,
            seed=options.seed,
            progress=lambda done, total: progress(Stage("measuring latency", done, total)),
        )
        inputs = [feeds] if data is None else data
        threads, provider = options.threads, options.provider
        close = compare_models(source, output, feeds_list=inputs, threads=threads, provider=provider, progress=progress)
    except InputError as reason:
        return Measurement(sizes, None, None, {}, str(reason))
    return Measurement(sizes, latency, close, {k: list(v.shape) for k, v in feeds.items()}, data=data)


def timing_feeds(source: Path, options: Options) -> Feeds:
    """Random inputs on which the dense model runs."""
    bounds = index_bounds(load(source).graph)
    gc.collect()
    dense = session(source, threads=options.threads, provider=options.provider)
    return runnable_inputs(dense, specs=input_specs(dense), seed=options.seed, dims=options.data or None, bounds=bounds)


def data_files(model: Path) -> list[Path]:
    """Data files beside a model."""
    return sorted(data_files_of(model))
