"""Recovery of a pruned model file: trained towards the dense one, judged in ONNX Runtime, written where it gained."""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from onnxprune.calibration import Data
from onnxprune.errors import InputError
from onnxprune.graph import Model, load, publish, save, scratch_folder
from onnxprune.lift import write_back
from onnxprune.progress import Progress, silent
from onnxprune.pruning.evidence import held_out
from onnxprune.pruning.inputs import UNVERIFIED, Inputs, imagined, open_inputs
from onnxprune.pruning.matches import matches_of_plan
from onnxprune.pruning.options import Options
from onnxprune.pruning.plan import read, sha256
from onnxprune.recovery import Match, Outcome, Training, check, train
from onnxprune.runtime import Fidelity, PlainFile, compare_models, session
from onnxprune.runtime.loss import Loss
from onnxprune.runtime.run import run

SUFFIX = ".recovery"
"""Of the checkpoint beside an output, while a recovery runs or after it was killed."""


@dataclass(slots=True)
class Recovery:
    """What came of a training. before, after: fidelity to the dense model on data held out, by ONNX Runtime; data: what
    was held out; written: the files, none where this process isn't the one that writes; warnings: sentences"""

    setting: Training
    outcome: Outcome
    before: Fidelity
    after: Fidelity
    data: Data
    written: list[Path] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def gained(self) -> bool:
        """Whether the trained weights were taken."""
        return self.outcome.gained


def recover(
    dense: Path | str,
    pruned: Path | str,
    output: Path | str,
    setting: Training | None = None,
    inputs: Inputs | None = None,
    progress: Progress = silent,
) -> Recovery:
    """Train a pruned model file towards the dense one and write it, with names, types and structure as they were.

    Nothing is written that is worse on the data held out than what was given: then the output is the pruned model as
    it was. A run that was killed goes on where it was when it is started again. Raises InputError for unusable input.
    """
    dense, pruned, output = Path(dense), Path(pruned), Path(output)
    setting, inputs = setting or Training(), inputs or Inputs()
    if output.is_dir() or not output.parent.exists():
        raise InputError(f"{output}: can't be written there; give the name of a model file in a folder that exists")
    if output.exists() and dense.exists() and output.resolve() == dense.resolve():
        raise InputError(f"{output}: the output is the dense model; give another name")
    for model in (dense, pruned):
        if model.is_dir():
            raise InputError(f"{model}: is a folder, not an ONNX file; name the model in it")
    check(setting)
    progress("loading")
    file = PlainFile(dense, inputs.dims or None, setting.seed)
    data = open_inputs(dense, inputs, setting.seed) if inputs.data else imagined(file, inputs, setting.seed, progress)
    try:
        with scratch_folder(output.parent) as folder:
            trial = folder / output.name
            save(load(pruned), trial)
            matches = matches_of_plan(file.load(), read(inputs.plan) if inputs.plan else None) if setting.match else []
            parts = data.split(held_out(data.samples))
            found = retrain(file, trial, parts, setting, progress, output, matches)
            found.warnings[:0] = [*data.warnings, *([UNVERIFIED] if data.synthetic else [])]
            if found.data.shared:
                found.warnings.append("the data are a single sample, which the result is also judged by")
            if os.environ.get("RANK", "0") == "0":
                found.written = publish(trial, output)
    except OSError as error:
        raise InputError(f"{output}: can't be written ({error.strerror or error})") from None
    return found


def check_recovery(options: Options) -> None:
    """Raise InputError, before any work, where a recovery can't be done as asked for."""
    if options.recover is None:
        return
    check(options.recover)
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise InputError("several processes can train, but not prune: prune first, then use 'onnxprune recover'")


def retrain(
    file: PlainFile,
    trial: Path,
    data: tuple[Data, Data],
    setting: Training,
    progress: Progress,
    output: Path,
    matches: Sequence[Match] = (),
) -> Recovery:
    """Train the model file `trial` and replace it, unless that made it worse. file: of the dense model

    data: to train on, and held out; output: what becomes of the file, which a checkpoint lies beside; matches: tensors
    inside that may be compared
    """
    key = " ".join([sha256(file.path), sha256(trial), data[0].digest, data[1].digest])
    model = load(trial)
    saved = output.with_name(output.name + SUFFIX), key
    made = train(file.load(), model, data, setting, progress, saved, matches)
    gc.collect()
    progress("judging what was recovered")
    outcome = made.outcome
    before = compare_models(file.path, trial, feeds_list=data[1], progress=progress)
    found = Recovery(setting, outcome, before, before, data[1], warnings=outcome.warnings)
    if not outcome.gained:
        found.warnings.append("nothing was gained by training, so the weights are what they were")
        return found
    if made.leads:
        _replace(file, model, trial, found, made.weights)
    return found


def _replace(file: PlainFile, model: Model, trial: Path, found: Recovery, weights: Mapping[str, np.ndarray]) -> None:
    """Write the trained weights, and take them if ONNX Runtime finds them no worse."""
    with scratch_folder(trial.parent) as folder:
        better = folder / trial.name
        write_back(weights, model)
        save(model, better)
        losses = [_loss(file, one, found.data) for one in (trial, better)]
        if not losses[1] <= losses[0]:
            found.outcome.best = 0
            found.warnings.append("what was trained is further from the dense model in ONNX Runtime, so it was dropped")
            return
        found.after = compare_models(file.path, better, feeds_list=found.data)
        publish(better, trial)


def _loss(file: PlainFile, model: Path, data: Data) -> float:
    """What ONNX Runtime says of a model beside the dense one."""
    meter, dense, other = Loss(), session(file.path), session(model)
    for feeds in data:
        meter.update(run(dense, feeds), run(other, feeds))
    return meter.result()
