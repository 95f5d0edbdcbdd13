"""The report's findings as sentences, the same on the screen and in report.md."""

from __future__ import annotations

from onnxprune.report.environment import Environment
from onnxprune.report.record import Aim, Closeness, Given, ProofRecord, Report
from onnxprune.report.units import error, percent, some

_QUANTITIES = {"macs": "MACs", "params": "parameters", "size": "bytes"}
_CHECKED = "the masked dense model equals the pruned one"


def aim(target: Aim) -> str:
    """Whether the target was met: `macs=0.5 met: 49.8 % of the MACs are left`."""
    verdict = "met" if target.met else "not met"
    what = _QUANTITIES.get(target.quantity, target.quantity)
    return f"{target.quantity}={target.fraction:g} {verdict}: {percent(target.left)} of the {what} are left"


def proof(record: ProofRecord) -> str:
    """The oracle's verdict."""
    if record.status == "proved":
        draws = some(record.draws, "draw")
        return f"proved: {_CHECKED}, relative error {error(record.error)} ({draws})"
    reason = f": {record.reason}" if record.reason else ""
    return f"{record.status}{reason}"


def fidelity(report: Report) -> str:
    """How far the outputs moved, or why nobody knows."""
    if report.fidelity is None:
        return f"not measured: {report.not_measured}"
    return closeness(report.fidelity, inputs(report.data))


def inputs(data: Given | None) -> str:
    """What fidelity was measured on."""
    if data is None:
        return "random inputs"
    return f"on {some(data.samples, 'sample')} of {data.name}"


def closeness(found: Closeness, inputs: str = "random inputs") -> str:
    """The worst measures over all outputs, and on which inputs."""
    worst = found.worst
    parts = [
        f"max error {error(worst.max_abs)} ({_relative(worst.relative)} of the largest value)",
        f"cosine {worst.cosine:.4f}",
    ]
    if worst.agreement is not None:
        parts.append(f"agreement {percent(worst.agreement)}")
    return ", ".join(parts) + f" ({inputs})"


def shapes(found: dict[str, list[int]]) -> str:
    """Shapes of inputs: `x 1x3x224x224`."""
    return ", ".join(f"{name} {'x'.join(map(str, shape)) or 'scalar'}" for name, shape in found.items())


def conditions(used: Environment, rounds: int) -> str:
    """What a measurement was made with."""
    return (
        f"ONNX Runtime {used.onnxruntime} ({used.provider}, {some(used.threads, 'thread')}), "
        f"{some(rounds, 'round')}, {used.cpu}"
    )


def _relative(value: float) -> str:
    return percent(value) if value < 1e9 else "infinitely much"
