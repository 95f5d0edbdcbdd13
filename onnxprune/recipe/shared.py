"""The user's data, opened once for all stages: what one stage learns from, no other is judged by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from onnxprune.calibration import Data
from onnxprune.pruning import Inputs
from onnxprune.pruning.evidence import held_out
from onnxprune.pruning.inputs import UNVERIFIED, open_inputs
from onnxprune.recipe.steps import Prune, Step

SINGLE = "the data are a single sample, which the result is also judged by"

Key = tuple[object, ...]


@dataclass(slots=True)
class Shared:
    """Data of a dense model, by where they come from, in two parts: to calibrate and train on, and held out.

    warnings: sentences
    """

    dense: Path
    parts: dict[Key, tuple[Data, Data]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, dense: Path, whole: tuple[Inputs, int], steps: Iterable[Step]) -> Shared:
        """All data that stages and the whole name. Raises InputError where they can't be read or don't suit."""
        found = cls(dense)
        most: dict[Key, tuple[Inputs, int]] = {}
        wanted = [whole, *((step.work.inputs, step.seed) for step in steps)]
        for inputs, seed in wanted:
            if inputs.data is not None:
                key = _key(inputs, seed)
                first = most.get(key, (inputs, seed))[0]
                most[key] = replace(first, samples=max(first.samples, inputs.samples)), seed
        for key, (inputs, seed) in most.items():
            found._open(key, inputs, seed)
        return found

    def of_step(self, step: Step) -> tuple[Data, Data] | None:
        """What a stage looks at, and what is held out of it; None where it names no data."""
        inputs = step.work.inputs
        parts = self.parts.get(_key(inputs, step.seed))
        if parts is None or isinstance(step.work, Prune):  # which takes fewer where it wants fewer
            return parts
        return parts[0].fewer(inputs.samples), parts[1]

    def held_out(self, whole: tuple[Inputs, int]) -> Data | None:
        """What all models are judged by: of the data of the whole, or of the first stage that has some."""
        own = self.parts.get(_key(*whole))
        first = next(iter(self.parts.values()), None)
        found = own or first
        return found[1] if found else None

    def _open(self, key: Key, inputs: Inputs, seed: int) -> None:
        data = open_inputs(self.dense, inputs, seed)
        self.parts[key] = data.split(held_out(data.samples))
        self.warnings += [*data.warnings, *([UNVERIFIED] if data.synthetic else [])]
        self.warnings += [SINGLE] if self.parts[key][0].shared else []


def _key(inputs: Inputs, seed: int) -> Key:
    """Data are the same if this is; a seed matters where they are made up only."""
    dims = tuple(sorted(inputs.dims.items()))
    return inputs.data, str(inputs.preprocess or ""), inputs.labels, dims, seed
