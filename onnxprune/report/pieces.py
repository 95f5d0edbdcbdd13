"""Parts of what is told of a run, as records of report.json."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from onnxprune.calibration import Data
from onnxprune.pruning import Recovery, Result
from onnxprune.report.closeness import closeness
from onnxprune.report.record import (
    Aim,
    Attempt,
    Given,
    Interval,
    Latency,
    Loss,
    MaskRecord,
    Moment,
    PassRecord,
    ProofRecord,
    Recovered,
    SparseLayer,
    Timing,
    Width,
    Zeros,
)
from onnxprune.report.scores import spread
from onnxprune.runtime import BenchResult, Ratio


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


def aim(result: Result) -> Aim | None:
    """The target, if there is one."""
    target = result.target
    return None if target is None else Aim(target.quantity, target.fraction, result.fraction, result.reached)


def loss(result: Result) -> Loss | None:
    """The loss, where it has a limit."""
    found = result.search
    if found is None:
        return None
    trials = [Attempt(trial.target, trial.macs, trial.loss, trial.found) for trial in found.trials]
    seen = found.limit, found.loss, found.met, found.metric, found.before, found.after
    return Loss(*seen, found.quantity, found.aim, trials)


def masks(result: Result) -> MaskRecord | None:
    """What came of training masks."""
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


def proof(result: Result) -> ProofRecord:
    """The oracle's verdict."""
    proof = result.proof
    return ProofRecord(proof.status, proof.error, proof.noise, proof.draws, proof.reason)


def passes(result: Result) -> list[PassRecord]:
    """What passes did."""
    narrowed = Counter(entry["kind"] for entry in result.plan.groups)
    gone: Counter[str] = Counter()
    for entry in result.plan.groups:
        gone[entry["kind"]] += entry["size"] - len(entry["kept"])
    return [
        PassRecord(name, len(sizes), narrowed[name], sum(sizes), sum(sizes) - gone[name])
        for name, sizes in result.offered.items()
    ]


def sparse(result: Result) -> list[Zeros]:
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
            wrapped=sum(elements > 0 for elements in map(_around, entries)),
            added=sum(map(_around, entries)),
        )
        for (pattern, values), entries in found.items()
    ]


def _around(entry: dict[str, Any]) -> int:
    """Elements of the blocks around a sparse weight."""
    return int(entry.get("wrap", {}).get("params", 0))


def sparse_layers(result: Result) -> list[SparseLayer]:
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


def width(entry: dict[str, object]) -> Width:
    """A narrowed group, of an entry of the plan."""
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
