"""What runs of one model say: on the user's data, on made-up inputs where none were given, and by the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import Any

import numpy as np

from onnxprune import criteria
from onnxprune.calibration import (
    Activations,
    Data,
    Gradients,
    Likeness,
    Trials,
    collect,
    compare_blocks,
    shelved,
)
from onnxprune.coupling import Analysis, Group
from onnxprune.criteria import Needs
from onnxprune.errors import InputError
from onnxprune.graph import Model, normalize
from onnxprune.progress import Progress, silent
from onnxprune.pruning.inputs import MADE_UP_CALLS, MADE_UP_OF, UNVERIFIED, Inputs, imagined, open_inputs
from onnxprune.pruning.options import Options
from onnxprune.pruning.placing import Doors
from onnxprune.pruning.plan import digests, read
from onnxprune.pruning.slopes import by_sample, gradients
from onnxprune.pruning.stopwatch import Stopwatch
from onnxprune.repair import Edits
from onnxprune.rewrite import open_gated
from onnxprune.runtime import PlainFile

HELD_OUT = 0.25
"""Of the user's data, to judge the result by."""

MOST_HELD_OUT = 512
"""Samples tell enough of how good a result is, where there are thousands."""


def held_out(samples: int) -> float:
    """The share of so many samples that is held out."""
    return min(HELD_OUT, MOST_HELD_OUT / max(samples, 1))


@dataclass
class Evidence:
    """Data for one model, opened when they are first asked for.

    warnings: sentences for the user; in_place: units that stay keep their order; shapes: of tensors that are open in
    the model; progress: where long work tells how far it is; losses: what zeros do to layers, once it is known; share:
    what units may leave of the time where zeros do the rest, None for no units; power: of the target, the mixture of
    units and zeros that was taken, None before one was.
    Raises InputError where the data can't be read or don't suit the model.
    """

    file: PlainFile
    options: Options
    warnings: list[str] = field(default_factory=list)
    in_place: bool = False
    _scores: dict[tuple[str, ...], dict[str, np.ndarray]] = field(default_factory=dict, repr=False)
    _activations: Activations | None = field(default=None, repr=False)
    _likeness: dict[str, Likeness] | None = field(default=None, repr=False)
    _trials: dict[tuple[str, ...], Trials] = field(default_factory=dict, repr=False)
    _gradients: dict[tuple[str, ...], Gradients] = field(default_factory=dict, repr=False)
    shapes: Mapping[str, Sequence[int]] = field(default_factory=dict, repr=False)
    progress: Progress = field(default=silent, repr=False)
    losses: dict[str, dict[str, np.ndarray]] | None = field(default=None, repr=False)
    share: float | None = None
    power: float | None = None

    def __post_init__(self) -> None:
        if self.options.labels and self.options.calibration is None:
            raise InputError(f"--labels {self.options.labels}: there are no data that could hold labels (--data)")

    @cached_property
    def given(self) -> Data | None:
        """The user's data."""
        if self.options.calibration is None:
            return None
        if self.options.parts is not None:
            return self.options.parts[0]
        options = self.options
        wanted = max(options.samples, options.recover_samples) if options.recover or options.masks else options.samples
        opened = self._open(self.options.calibration, wanted)
        self.warnings += opened.warnings
        if opened.synthetic and not options.made_up:
            self.warnings.append(UNVERIFIED)
        return opened

    @cached_property
    def _parts(self) -> tuple[Data, Data]:
        if self.given is None:
            self.warnings.append("no data were given (--data): what is not known of weights comes from random inputs")
            made = self._open(None, MADE_UP_CALLS)
            return made, made
        parts = self.options.parts or self.given.split(held_out(self.given.samples))
        if parts[0].shared:
            self.warnings.append("the data are a single sample, which the result is also judged by")
        return parts

    @cached_property
    def training(self) -> tuple[Data, Data]:
        """What to train on, and what is held out of it."""
        if self.given is not None:
            return self._parts
        made = imagined(self.file, Inputs(dims=self.options.data), self.options.seed, self.progress)
        return made.split(held_out(made.samples))

    @cached_property
    def calibration(self) -> Data:
        """What to collect statistics on: all that isn't held out, or of what is trained on as much as is wanted."""
        return self._parts[0].fewer(self.options.samples)

    @cached_property
    def doors(self) -> Doors:
        """What sparse layers gain on this machine."""
        return Doors.of(self.options, lambda text: self.progress(text))

    @property
    def held_out(self) -> Data | None:
        """What to judge the result by; None without data of the user's."""
        return None if self.given is None else self._parts[1]

    def scores(self, analysis: Analysis, groups: Sequence[Group]) -> dict[str, np.ndarray]:
        """Group id -> scores [units] by the options' criterion; computed once, for this analysis and its likes."""
        key = tuple(g.id for g in groups)
        if key not in self._scores:
            options = self.options
            found = criteria.get(options.scored_by)
            how = found.aggregation(options.aggregate)  # before anything is run
            slopes = self.gradients(groups) if found.gradients else None
            known, trials = self._activations_of(analysis), self.trials(groups)
            seen: dict[str, Any] = {"activations": known, "trials": trials, "gradients": slopes, "shapes": self.shapes}
            seen["progress"] = self.progress
            samples = self.calibration.samples if known is not None else 1
            self._scores[key] = criteria.score(
                analysis, groups, found.name, options.seed, aggregate=how, samples=samples, **seen
            )
            self.progress("sharing out what goes")
        return self._scores[key]

    def trials(self, groups: Sequence[Group]) -> Trials:
        """Runs of the model under masks of some groups; nothing is opened before the first one."""
        key = tuple(g.id for g in groups)
        if key not in self._trials:
            self._trials[key] = Trials(
                lambda: open_gated(self.source, key, calls=len(self.calibration)),
                lambda: self.calibration,
                tell=lambda text: self.progress(text),
            )
        return self._trials[key]

    def gradients(self, groups: Sequence[Group]) -> Gradients:
        """What data say of the model's gradients; nothing is run before the first question.

        Raises InputError where torch isn't installed.
        """
        key = tuple(g.id for g in groups)
        if key not in self._gradients:
            made_of = digests(self.file.path)
            self._gradients[key] = gradients(
                self.source, lambda: self.calibration, key, made_of, self.options.seed, lambda text: self.progress(text)
            )
        return self._gradients[key]

    def slopes(self) -> Callable[[Sequence[str]], Iterator[Mapping[str, np.ndarray]]]:
        """What data say of the model's gradients by stored tensors, sample by sample.

        Raises InputError where torch isn't installed.
        """
        return by_sample(self.source, lambda: self.calibration, self.options.seed, lambda text: self.progress(text))

    def likeness(self, analysis: Analysis) -> dict[str, Likeness]:
        """Group id -> what its block does to what it reads; seen once, for this analysis and its likes."""
        if self._likeness is None:
            self._likeness = compare_blocks(self.source, analysis, self.calibration, progress=self.progress)
        return self._likeness

    def release(self) -> None:
        """Let go of activations and sessions, which take memory: scores are known. They are made anew where others
        are wanted."""
        self._activations = None
        for trials in self._trials.values():
            trials.release()
        for slopes in self._gradients.values():
            slopes.release()

    def _activations_of(self, analysis: Analysis) -> Activations | None:
        """What the criterion has to know of activations."""
        needs = criteria.get(self.options.scored_by).needs
        if self._activations is None and needs != Needs.WEIGHTS:
            pairs = needs == Needs.COVARIANCES
            wanted = {"pairs": pairs, "sample": needs == Needs.POSITIONS, "magnitudes": not pairs}
            data, tell = self.calibration, self.progress
            made_of = [*digests(self.file.path), data.digest, repr(data.rows), repr(wanted)]
            self._activations = shelved(made_of, lambda: collect(self.source, analysis, data, progress=tell, **wanted))
        return self._activations

    @cached_property
    def stopwatch(self) -> Stopwatch:
        """What times variants of the model."""
        return Stopwatch(self.file, self.options)

    @cached_property
    def repair(self) -> str:
        """The repair's name; a plan's, where that is done again."""
        planned, said = self._planned, self.options.repair
        name = self.settings.get("repair", str(planned["name"]) if planned else "")
        if said and name and said != name:
            self.warnings.append(
                f"the plan was made with --repair {name}, so with --repair {said} the weights are not the same"
            )
        if name == "none" and not said:
            return name
        if not planned or said:
            return self.options.repaired_by
        if self.given is None:
            lacking = f"the plan's repair '{planned['name']}' needs the data that it was made with (--data)"
            self.warnings.append(f"{lacking}; nothing was repaired")
            return "none"
        return str(planned["name"])

    def compare_with_plan(self) -> None:
        """Warn where a plan's repair was made with other data."""
        data = (self._planned or {}).get("data")
        if isinstance(data, dict) and data.get("sha256") != self.calibration.digest:
            self.warnings.append("the plan's repair was made with other data, so the weights are not the same")

    @cached_property
    def settings(self) -> Mapping[str, str]:
        """Those of the plan that is done again; empty without one."""
        return read(self.options.plan).settings if self.options.plan is not None else {}

    @cached_property
    def _planned(self) -> dict[str, Any] | None:
        plan = self.options.plan
        return next(iter(read(plan).repairs), None) if plan is not None else None

    def told(self, edits: Edits) -> list[dict[str, object]]:
        """What the plan says of a repair: how, on which data, and which stored tensors and outputs it changed."""
        if not edits:
            return []
        data, given = self.calibration, self.given
        inputs = {"name": PurePath(data.name).name, "sha256": data.digest, "samples": data.samples}
        if given is not None and given.synthetic:
            inputs[MADE_UP_OF] = given.samples
        return [
            {
                "name": self.repair,
                "data": inputs,
                "initializers": sorted(edits.weights),
                "biases": sorted(edits.biases),
            }
        ]

    def source(self) -> Model:
        """The model, normalised, anew."""
        return normalize(self.file.load())

    def _open(self, text: str | None, samples: int) -> Data:
        options = self.options
        labels = options.labels if text else ""
        wanted = Inputs(text, samples, options.preprocess, options.data, labels=labels)
        return open_inputs(self.file.path, wanted, options.seed)
