"""What the user asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from onnxprune import criteria
from onnxprune.calibration import Data
from onnxprune.errors import InputError
from onnxprune.pruning.plan import Plan
from onnxprune.recovery import Training
from onnxprune.recovery.masks import MaskSetting

QUANTITIES = ("macs", "params", "size", "latency")


SLACK = 0.03


@dataclass(frozen=True, slots=True)
class Target:
    """At most `fraction` of the dense model's `quantity`: macs, params, size (bytes of the file) or latency (measured).

    A latency counts as met where it is at most `SLACK` above, for that is how well it can be measured.
    """

    quantity: str
    fraction: float

    @classmethod
    def parse(cls, text: str) -> Target:
        """`macs=0.5`. Raises InputError for anything else."""
        quantity, equals, number = text.partition("=")
        try:
            fraction = float(number)
        except ValueError:
            fraction = -1.0
        if quantity not in QUANTITIES or not equals:
            raise InputError(f"target '{text}' is not one of {', '.join(f'{q}=FRACTION' for q in QUANTITIES)}")
        if not 0 < fraction <= 1:
            raise InputError(f"target '{text}': the fraction to keep must be above 0 and at most 1")
        return cls(quantity, fraction)

    @property
    def timed(self) -> bool:
        """Whether it takes measurements to see if it is met."""
        return self.quantity == "latency"

    def allows(self, fraction: float) -> bool:
        """Whether a model with that fraction of the quantity meets it."""
        return fraction <= self.fraction * (1 + (SLACK if self.timed else 1e-9))


@dataclass(frozen=True, slots=True)
class Teacher:
    """path: a dense model's file; plan: what has become of it before, None where no plan tells"""

    path: Path
    plan: Plan | None


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that `optimize` can be told.

    Empty passes: the default ones; an empty criterion, budget or repair: what is best with data, or without; align 0:
    automatic
    """

    target: Target | None = None
    passes: Sequence[str] = ()
    criterion: str = ""
    budget: str = ""
    align: int = 0
    protect: Sequence[str] = ()
    only: Sequence[str] = ()
    plan: Path | None = None
    seed: int = 0
    verify: bool = True
    bench: bool = True
    threads: int = 1
    provider: str = "cpu"
    data: dict[str, int] = field(default_factory=dict)
    """Sizes for the model's open dimensions, by symbol."""
    calibration: str | None = None
    """The user's data, as `onnxprune.calibration.open_data` takes it."""
    made_up: bool = False
    """Where no data are given, and nothing says what is to decide, inputs are made up: see `unasked`."""
    samples: int = 512
    """Of the user's data, at most."""
    preprocess: Path | None = None
    """What becomes of a picture before the model sees it."""
    labels: str = ""
    """What should come out, as the data name it; empty: they hold inputs alone."""
    repair: str = ""
    max_loss: float | None = None
    """How much worse the result may be, as a fraction; the target is then the least to aim at."""
    metric: str = ""
    """MODULE:FUNCTION that tells how good a model is; without one the loss is that of fidelity."""
    aggregate: str = ""
    """How what the members of a group say of a unit is put together; empty: as the criterion was published."""
    search_minutes: float | None = None
    """How long to look for better widths than the budget's."""
    sparse_format: str = ""
    """How weights that were made sparse are written: zeros, op or initializer; empty: zeros, or op for a target in
    time."""
    unfinished: bool = False
    """The result is pruned once more: sparse weights are written as zeros, whatever the format is to be."""
    in_place: bool = False
    """Units that stay keep their order, as they must where a file is pruned more than once."""
    masks: MaskSetting | None = None
    """How to train masks that decide what goes."""
    recover: Training | None = None
    """How to train the result towards the dense model."""
    recover_samples: int = 16384
    """Of the user's data, at most, to train on; `samples` of them are calibrated on."""
    recover_rounds: int = 1
    """Steps in which it is pruned, each followed by a part of the training."""
    teacher: Teacher | None = None
    """What is trained towards, where that isn't the model that is pruned."""
    parts: tuple[Data, Data] | None = None
    """The user's data where they are open: what to calibrate and train on, and what is held out."""

    @property
    def scored_by(self) -> str:
        """The criterion's name."""
        return self.criterion or ("group_l2" if self.calibration is None else "obs_loss")

    @property
    def shared_by(self) -> str:
        """The budget's name: losses compare across groups, other scores don't. Raises InputError for an unknown
        criterion."""
        return self.budget or ("knapsack" if criteria.get(self.scored_by).losses else "roofline")

    @property
    def repaired_by(self) -> str:
        """The repair's name."""
        return self.repair or ("none" if self.calibration is None else "sequential")
