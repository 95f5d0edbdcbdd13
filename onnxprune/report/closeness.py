"""How close outputs are, as reports tell it."""

from __future__ import annotations

from dataclasses import dataclass

from onnxprune.runtime import Fidelity, OutputFidelity


@dataclass(frozen=True, slots=True)
class Deviation:
    """An output of the pruned model against the dense one's; see `onnxprune.runtime.OutputFidelity`."""

    name: str
    max_abs: float
    relative: float
    cosine: float
    kl: float | None
    agreement: float | None


@dataclass(frozen=True, slots=True)
class Closeness:
    """Deviations of all outputs, and the worst of each measure."""

    worst: Deviation
    outputs: list[Deviation]


def closeness(fidelity: Fidelity) -> Closeness:
    """How close the outputs are."""
    return Closeness(_deviation(fidelity.worst), [_deviation(output) for output in fidelity.outputs])


def _deviation(one: OutputFidelity) -> Deviation:
    return Deviation(one.name, one.max_abs, one.relative, one.cosine, one.kl, one.agreement)
