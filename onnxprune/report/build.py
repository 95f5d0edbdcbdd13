"""From the result of `optimize` to the record of report.json."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

from onnxprune.calibration import Data
from onnxprune.pruning import Options, Recovery, Result
from onnxprune.pruning.measure import data_files
from onnxprune.pruning.passes import group_passes
from onnxprune.pruning.plan import sha256
from onnxprune.report.closeness import closeness
from onnxprune.report.record import (
    VERSION,
    Aim,
    Attempt,
    Counts,
    File,
    Given,
    Interval,
    Latency,
    Loss,
    MaskRecord,
    Moment,
    PassRecord,
    ProofRecord,
    Recovered,
    Report,
    SparseLayer,
    Timing,
    Width,
    Zeros,
)
from onnxprune.report.scores import spread
from onnxprune.runtime import BenchResult, Ratio, file_size
from onnxprune.runtime.environment import environment


def summarize(result: Result) -> Report:
    """The report of a finished run; hashes the files that it names."""
    options, measured = result.options, result.measured
    return Report(
        version=VERSION,
        command=command(result),
        environment=environment(options.threads, options.provider),
        source=_file(result.source),
        outputs=[_file(path) for path in result.written],
        target=_aim(result),
        loss=_loss(result),
        before=_counts(result.before, result.source),
        after=_counts(result.after, result.output),
        latency=latency(measured.latency, measured.shapes) if measured and measured.latency else None,
        fidelity=closeness(measured.fidelity) if measured and measured.fidelity else None,
        data=given(measured.data) if measured and measured.data else None,
        not_measured=measured.reason if measured else "not asked for",
        proof=_proof(result),
        repairs=[str(entry["name"]) for entry in result.plan.repairs],
        masks=_masks(result),
        recovery=recovered(result.recovery) if result.recovery else None,
        passes=_passes(result),
        untried=_untried(result),
        groups=[_width(entry) for entry in result.plan.groups],
        sparse=_sparse(result),
        sparse_layers=_sparse_layers(result),
        sparse_format=options.sparse_format,
        locked=result.locked,
        unknown_ops=dict(sorted(result.unknown.items())),
        warnings=list(result.warnings),
        stages=[],
    )


def command(result: Result) -> str:
    """The command line that does the same again."""
    options, target = result.options, result.target
    words = ["onnxprune", "optimize", str(result.source), "-o", str(result.output)]
    if target:
        words += ["--target", f"{target.quantity}={target.fraction:g}"]
    words += ["--max-loss", f"{options.max_loss!r}"] if options.max_loss is not None else []
    words += ["--metric", options.metric] if options.metric else []
    for flag, values in (
        ("--pass", options.passes),
        ("--protect", options.protect),
        ("--only", options.only),
    ):
        words += [word for value in values for word in (flag, value)]
    words += [word for symbol, length in options.data.items() for word in ("--dim", f"{symbol}={length}")]
    if options.plan:
        words += ["--plan", str(options.plan)]
    words += _data(options)
    words += [
        "--criterion",
        options.scored_by,
        *(["--aggregate", options.aggregate] if options.aggregate else []),
        "--budget",
        options.shared_by,
        "--repair",
        options.repaired_by,
        "--align",
        str(options.align or "auto"),
    ]
    words += ["--sparse-format", options.sparse_format] if options.sparse_format not in ("", "zeros") else []
    if options.search_minutes is not None:
        words += ["--search-minutes", f"{options.search_minutes:g}"]
    if options.masks:
        words += ["--train-masks", options.masks.effort.text, "--mask-method", options.masks.method]
        words += ["--mask-weights" if options.masks.weights else "--no-mask-weights"]
    if options.recover:
        words += ["--recover", options.recover.effort.text, "--recover-mode", options.recover.mode]
        words += ["--recover-rounds", str(options.recover_rounds)] if options.recover_rounds > 1 else []
    words += ["--provider", options.provider, "--threads", str(options.threads), "--seed", str(options.seed)]
    words += ["--no-verify"] * (not options.verify) + ["--no-bench"] * (not options.bench)
    return shlex.join(words)


def _data(options: Options) -> list[str]:
    if options.calibration is None:
        return []
    preprocess = ["--preprocess", str(options.preprocess)] if options.preprocess else []
    return ["--data", options.calibration, "--samples", str(options.samples), *preprocess]


def given(data: Data) -> Given:
    """What the report says of data."""
    return Given(data.name, data.digest, data.samples, len(data), data.synthetic, data.warnings)


def latency(bench: BenchResult, shapes: dict[str, list[int]]) -> Latency:
    """The timing of two models, the dense one first."""
    return Latency(
        rounds=len(bench.samples[0].wall),
        shapes=shapes,
        before=timing(bench, 0),
        after=timing(bench, 1),
        speedup=interval(bench.ratio(1)),
        cpu_speedup=interval(bench.cpu_ratio(1)),
    )


def timing(bench: BenchResult, index: int) -> Timing:
    """The timing of one model of a bench."""
    return Timing(bench.median(index), bench.fastest(index), bench.cpu_median(index))


def interval(ratio: Ratio) -> Interval:
    """A ratio and its interval; a clock too coarse for the model gives none."""
    return Interval(*(x if math.isfinite(x) else None for x in (ratio.value, ratio.low, ratio.high)))


def _file(path: Path) -> File:
    return File(str(path), path.stat().st_size, sha256(path))


def _counts(counts: dict[str, float], model: Path) -> Counts:
    return Counts(round(counts["params"]), round(counts["macs"]), file_size(model, data_files(model)))


def _aim(result: Result) -> Aim | None:
    target = result.target
    return None if target is None else Aim(target.quantity, target.fraction, result.fraction, result.reached)


def _loss(result: Result) -> Loss | None:
    found = result.search
    if found is None:
        return None
    trials = [Attempt(trial.target, trial.macs, trial.loss) for trial in found.trials]
    return Loss(found.limit, found.loss, found.met, found.metric, found.before, found.after, trials)


def _masks(result: Result) -> MaskRecord | None:
    found = result.masks
    if found is None:
        return None
    setting = found.setting
    losses = _number(found.before), _number(found.after)
    return MaskRecord(setting.method, setting.weights, found.steps, *losses, found.gained)


def recovered(found: Recovery) -> Recovered:
    """What the report says of a training."""
    outcome = found.outcome
    moments = [Moment(p.step, p.seconds, _number(p.loss), _number(p.fidelity)) for p in outcome.curve]
    return Recovered(
        mode=found.setting.mode,
        losses=dict(outcome.kinds),
        steps=outcome.steps,
        seconds=outcome.seconds,
        gained=found.gained,
        best=outcome.best,
        curve=moments,
        before=closeness(found.before),
        after=closeness(found.after),
        data=given(found.data),
        reason=outcome.reason,
    )


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _proof(result: Result) -> ProofRecord:
    proof = result.proof
    return ProofRecord(proof.status, proof.error, proof.noise, proof.draws, proof.reason)


def _passes(result: Result) -> list[PassRecord]:
    narrowed = Counter(entry["kind"] for entry in result.plan.groups)
    gone: Counter[str] = Counter()
    for entry in result.plan.groups:
        gone[entry["kind"]] += entry["size"] - len(entry["kept"])
    return [
        PassRecord(name, len(sizes), narrowed[name], sum(sizes), sum(sizes) - gone[name])
        for name, sizes in result.offered.items()
    ]


def _sparse(result: Result) -> list[Zeros]:
    """By pattern and type, in the order of the plan."""
    found: dict[tuple[str, str], list[Any]] = {}
    for entry in result.plan.sparse:
        found.setdefault((entry["pattern"], entry.get("values", "float32")), []).append(entry)
    return [
        Zeros(
            pattern=pattern,
            weights=len(entries),
            size=sum(entry["size"] for entry in entries),
            zeros=sum(entry["zeros"] for entry in entries),
            methods=sorted({entry["method"] for entry in entries}),
            values=values,
        )
        for (pattern, values), entries in found.items()
    ]


def _sparse_layers(result: Result) -> list[SparseLayer]:
    """What was predicted of layers, of those that became sparse first."""
    entries = [*(entry for entry in result.plan.sparse if "predicted" in entry), *result.plan.dense]
    return [_sparse_layer(entry, entry["predicted"]) for entry in entries]


def _sparse_layer(entry: dict[str, Any], predicted: dict[str, Any]) -> SparseLayer:
    return SparseLayer(
        initializer=entry["initializer"],
        pattern=entry["pattern"],
        sparsity=entry["sparsity"],
        rows=predicted["rows"],
        gain=predicted.get("gain"),
        dense_us=predicted.get("dense_us", 0.0),
        sparse_us=predicted.get("sparse_us", 0.0),
        why_dense=entry.get("reason", ""),
    )


def _untried(result: Result) -> list[str]:
    """Passes that took no part, though they could have: those that were not named, or run only if they are."""
    kinds = group_passes()
    own = bool(result.options.passes)
    untried = {name for name, kind in kinds.items() if own or not (kind.default or kind.reserve)}
    return sorted(untried - result.offered.keys())


def _width(entry: dict[str, object]) -> Width:
    kept, members = entry["kept"], entry["members"]
    assert isinstance(kept, list) and isinstance(members, list)
    return Width(
        id=str(entry["id"]),
        kind=str(entry["kind"]),
        exact=bool(entry["exact"]),
        before=int(str(entry["size"])),
        after=len(kept),
        members=len(members),
        scores=spread(entry),
    )
