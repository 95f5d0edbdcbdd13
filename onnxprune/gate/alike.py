"""Limits on how far outputs moved."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from onnxprune.calibration import Data
from onnxprune.gate.finding import Finding
from onnxprune.gate.judges import faithful
from onnxprune.gate.work import Work
from onnxprune.report.closeness import closeness
from onnxprune.report.feeds import common_data
from onnxprune.report.pieces import given
from onnxprune.runtime import compare_models

SAMPLES = 512


def alike(work: Work) -> Iterator[Finding]:
    """Run both models on data, or on random inputs where there are none, as far as their outputs are limited."""
    limit, how = work.limits.fidelity, work.conditions
    if not limit.asked or work.dense is None:
        return
    work.progress("comparing outputs")
    calls = _calls(work, [work.dense, work.model])
    inputs = calls or [work.feeds()]
    compared = partial(compare_models, threads=how.threads, provider=how.provider, progress=work.progress)
    found = compared(work.dense, work.model, feeds_list=inputs)
    work.close = closeness(found)
    yield from faithful(limit, work.close.worst, found.loss)


def _calls(work: Work, models: list[Path]) -> Data | None:
    """The data that the limits name, else those that were recorded; `work` keeps what they are."""
    how, (told, samples, pictures) = work.conditions, _which(work)
    if told is None:
        return None
    calls = common_data(
        models, told, feeds=work.feeds(), samples=samples, preprocess=pictures, dims=how.dims, seed=how.seed
    )
    work.data, recorded = given(calls), work.recorded.data
    work.warnings += calls.warnings
    if recorded and work.limits.fidelity.data is None and work.data.sha256 != recorded.sha256:
        work.warnings.append(f"{told}: has changed since {work.baseline} was recorded")
    return calls


def _which(work: Work) -> tuple[str | None, int, Path | None]:
    limit, recorded = work.limits.fidelity, work.recorded
    if limit.data is not None:
        return limit.data, limit.samples or SAMPLES, Path(limit.preprocess) if limit.preprocess else None
    if recorded.data is None:
        return None, SAMPLES, None
    pictures = Path(_found(recorded.preprocess, work.baseline)) if recorded.preprocess else None
    return _found(recorded.data.name, work.baseline), limit.samples or recorded.data.samples, pictures


def _found(name: str, baseline: Path) -> str:
    """A recorded file, where one is or else beside the baseline."""
    beside = baseline.parent / name
    return str(beside) if beside.exists() and not Path(name).exists() else name
