"""How far a model's outputs are from those of a reference, output by output."""

from collections.abc import Iterable, Mapping, Sized
from dataclasses import dataclass
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.progress import Progress, Steps, silent
from onnxprune.runtime.deviation import Deviation, OutputFidelity
from onnxprune.runtime.inputs import common_specs, input_specs
from onnxprune.runtime.run import Array, Feeds, run
from onnxprune.runtime.session import label, session


@dataclass(frozen=True)
class Fidelity:
    """The measures of every output, in the reference's order."""

    outputs: tuple[OutputFidelity, ...]

    @property
    def worst(self) -> OutputFidelity:
        """The worst value of each measure over the outputs (they may come from different ones)."""
        kls = [output.kl for output in self.outputs if output.kl is not None]
        agreements = [output.agreement for output in self.outputs if output.agreement is not None]
        return OutputFidelity(
            name="worst",
            max_abs=max((output.max_abs for output in self.outputs), default=0.0),
            relative=max((output.relative for output in self.outputs), default=0.0),
            cosine=min((output.cosine for output in self.outputs), default=1.0),
            kl=max(kls, default=None),
            agreement=min(agreements, default=None),
        )

    @property
    def loss(self) -> float:
        """The worst loss of all outputs, between 0 and 1."""
        return max((output.loss for output in self.outputs), default=0.0)

    @property
    def grain(self) -> float:
        """What one answer weighs in the loss; 0 where no output is made of answers that are right or wrong."""
        return max((1 / output.rows for output in self.outputs if output.rows), default=0.0)


class FidelityMeter:
    """Fidelity over a stream of outputs: as if all batches had been one, without keeping them."""

    def __init__(self) -> None:
        self._deviations: dict[str, Deviation] = {}

    def update(self, reference: Mapping[str, Array], other: Mapping[str, Array]) -> None:
        """Take in the outputs of both models for one batch. Raises InputError if their names differ."""
        for name in sorted(reference.keys() ^ other.keys()):
            side = "reference" if name in reference else "other model"
            raise InputError(f"the models' outputs can't be compared: only the {side} has {name!r}")
        for name, expected in reference.items():
            self._deviations.setdefault(name, Deviation()).update(expected, other[name])

    def result(self) -> Fidelity:
        """The measures so far."""
        return Fidelity(tuple(deviation.result(name) for name, deviation in self._deviations.items()))


def fidelity(reference: Mapping[str, Array], other: Mapping[str, Array]) -> Fidelity:
    """Compare two models' outputs, given by name; see `OutputFidelity` for the measures.

    Raises InputError if the names differ.
    """
    meter = FidelityMeter()
    meter.update(reference, other)
    return meter.result()


def compare_models(
    dense: Path | str | bytes,
    other: Path | str | bytes,
    *,
    feeds_list: Iterable[Feeds],
    threads: int = 1,
    provider: str = "cpu",
    progress: Progress = silent,
) -> Fidelity:
    """Run both models on every element of `feeds_list` and compare their outputs as one stream.

    Raises InputError if there are no feeds, the models' inputs or outputs differ, or one can't be run.
    """
    first = session(dense, threads=threads, provider=provider)
    second = session(other, threads=threads, provider=provider)
    common_specs([(label(dense), input_specs(first)), (label(other), input_specs(second))])
    meter, batches = FidelityMeter(), 0
    step = Steps(progress, "comparing outputs", len(feeds_list) if isinstance(feeds_list, Sized) else 0)
    for feeds in step.each(feeds_list):
        meter.update(run(first, feeds), run(second, feeds))
        batches += 1
    if batches == 0:
        raise InputError("there are no inputs to compare the models on")
    return meter.result()
