"""What stages of a recipe did, the same on the screen and in report.md."""

from __future__ import annotations

from onnxprune.report.closeness import Closeness
from onnxprune.report.record import QuantisedRecord, Report, StageRecord, Zeros
from onnxprune.report.sentences import aim, around, loss, recovered
from onnxprune.report.units import percent, quantity, size, some

HEAD = ("stage", "what it did", "parameters", "MACs", "bytes", "fidelity")
ALIGN = "ltrrrr"


def rows(report: Report) -> list[tuple[str, str, str, str, str, str]]:
    """A row for every stage: what it did, and what the model is after it."""
    return [
        (
            f"{number} {stage.kind}",
            did(stage),
            quantity(stage.after.params),
            quantity(stage.after.macs),
            size(stage.after.bytes),
            _closeness(stage.fidelity),
        )
        for number, stage in enumerate(report.stages, 1)
    ]


def did(stage: StageRecord) -> str:
    """What a stage did: `narrowed 13 of 16 groups`."""
    parts = [f"{p.name} narrowed {p.narrowed} of {some(p.offered, 'group')}" for p in stage.passes]
    parts += [_zeros(one) for one in stage.sparse]
    parts += [f"target {aim(stage.target)}"] if stage.target and not stage.target.met else []
    parts += [f"loss {loss(stage.loss)}"] if stage.loss else []
    parts += [recovered(stage.recovery)] if stage.recovery else []
    parts += [_quantised(stage.quantised)] if stage.quantised else []
    return "; ".join(parts) or "nothing"


def _zeros(record: Zeros) -> str:
    share = percent(record.zeros / max(record.size, 1))
    told = f"{share} of {some(record.weights, 'weight')} zero in {record.pattern} ({', '.join(record.methods)})"
    return told + around(record)


def _quantised(record: QuantisedRecord) -> str:
    nodes = ", ".join(f"{count} {op}" for op, count in record.nodes.items())
    per = ", per channel" if record.per_channel else ""
    return f"{record.mode}, weights {record.weights}{per}, activations {record.activations}: {nodes}"


def _closeness(found: Closeness | None) -> str:
    if found is None:
        return "can't be run"
    worst = found.worst
    return f"cosine {worst.cosine:.4f}" if worst.agreement is None else f"agreement {percent(worst.agreement)}"
