"""Looking inside a finished pruning: what its layers cost, where time goes, how groups hang together."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path

from onnxprune.budget import Cost
from onnxprune.errors import InputError
from onnxprune.progress import Progress, silent
from onnxprune.pruning import Options, Result, optimize
from onnxprune.pruning.measure import timing_feeds
from onnxprune.report.closeness import Closeness, closeness
from onnxprune.report.details import Details, Work, node_times, op_times
from onnxprune.report.groups import coupled
from onnxprune.report.model import opened
from onnxprune.report.record import Report
from onnxprune.runtime import BenchResult, OpTime, compare_models, profile_ops

PROFILED = 2.0
"""Seconds for which each model is profiled."""


def detailed(report: Report, result: Result, progress: Progress = silent) -> Report:
    """The report with the inside of the models."""
    return replace(report, details=look(result, progress))


def look(result: Result, progress: Progress = silent) -> Details:
    """The inside of what `optimize` did. Analyses both files, and profiles them where they were timed."""
    progress("looking at layers and groups")
    options = result.options
    dense = opened(result.source, options.data, options.seed)
    groups, links = coupled(dense.analysis, dense.macs, result.locked, result.plan.groups)
    work = _work(dense.macs, opened(result.output, options.data, options.seed).macs)
    measured = result.measured
    times: tuple[list[OpTime], list[OpTime]] = ([], [])
    if measured and measured.latency:
        progress("profiling layers")
        times = _profiled(result, measured.latency)
    progress("measuring what the repair gained")
    return Details(work, op_times(*times), node_times(*times), groups, links, _unrepaired(result))


def _work(before: Cost, after: Cost) -> list[Work]:
    """By node, in graph order; a node may stand for several products."""
    left: dict[str, float] = {}
    for monomial in after.monomials:
        left[monomial.label] = left.get(monomial.label, 0.0) + monomial.value({})
    whole: dict[str, float] = {}
    for monomial in before.monomials:
        whole[monomial.label] = whole.get(monomial.label, 0.0) + monomial.value({})
    return [Work(node, macs, left.get(node)) for node, macs in whole.items()]


def _profiled(result: Result, timed: BenchResult) -> tuple[list[OpTime], list[OpTime]]:
    options, feeds = result.options, timing_feeds(result.source, result.options)
    found = []
    for index, path in enumerate((result.source, result.output)):
        runs = min(max(round(PROFILED / max(timed.median(index), 1e-6)), 3), 30)
        found.append(profile_ops(path, feeds, threads=options.threads, provider=options.provider, runs=runs))
    return found[0], found[1]


def _unrepaired(result: Result) -> Closeness | None:
    """The same units gone and nothing repaired, against the dense model on the same data."""
    plan, measured = result.plan, result.measured
    if not plan.repairs or plan.sparse or result.recovery or not measured or not measured.data:
        return None
    options, old = Options(), result.options
    with tempfile.TemporaryDirectory(prefix="onnxprune-unrepaired-") as folder:
        bare, file = Path(folder) / "plan.json", Path(folder) / "pruned.onnx"
        bare.write_text(replace(plan, repairs=[]).to_json(), encoding="utf-8")
        options = replace(options, plan=bare, repair="none", verify=False, bench=False, data=old.data, seed=old.seed)
        try:
            optimize(result.source, file, options)
            compare = partial(compare_models, threads=old.threads, provider=old.provider)
            return closeness(compare(result.source, file, feeds_list=measured.data))
        except InputError:
            return None
