"""The main job: prune, prove, write, measure."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable
from pathlib import Path

from onnxprune.errors import InputError, VerificationError
from onnxprune.graph import publish, scratch_folder
from onnxprune.progress import Progress, silent
from onnxprune.pruning.composing import check as check_zeros
from onnxprune.pruning.decide import model_bytes
from onnxprune.pruning.evidence import Evidence
from onnxprune.pruning.evolution import check_minutes
from onnxprune.pruning.masking import check_training
from onnxprune.pruning.matches import matches_of_plan
from onnxprune.pruning.measure import measure
from onnxprune.pruning.mixtures import is_open, mix
from onnxprune.pruning.options import Options
from onnxprune.pruning.plan import Plan
from onnxprune.pruning.prune import Pruned, prune
from onnxprune.pruning.result import Result
from onnxprune.pruning.retrain import check_recovery, retrain
from onnxprune.pruning.rounds import check_rounds, in_rounds
from onnxprune.pruning.search import check_options, search
from onnxprune.pruning.sparsifying import check_forms, resolved, write_sparse
from onnxprune.pruning.unasked import unasked
from onnxprune.recovery import Match
from onnxprune.rewrite import prove
from onnxprune.runtime import PlainFile
from onnxprune.sparse import check_format

MOVED = "units stay in their places: with others, sums in another order are too far from the dense model's to be proved"


def optimize(
    source: Path | str, output: Path | str, options: Options | None = None, progress: Progress = silent
) -> Result:
    """Prune a model file to a target, or as far as a limit of the loss allows, and prove it before it is written.

    Raises InputError for unusable input and VerificationError where the result failed its proof (nothing is written).
    """
    source, output, options = Path(source), Path(output), options or Options()
    check_paths(source, output)
    options = unasked(source, checked(options))
    if options.recover_rounds == 1:
        return _once(source, output, options, progress)
    result = in_rounds(source, output, options, progress, _once)
    if options.bench:
        progress("measuring")
        result.measured = measure(
            source, output, options, result.recovery.data if result.recovery else None, progress=progress
        )
        judge_time(result)
    return result


def checked(options: Options) -> Options:
    """Options with what they leave open. Raises InputError, before any work, where they make no sense."""
    check_options(options)
    check_minutes(options)
    check_training(options)
    check_recovery(options)
    check_rounds(options)
    options = resolved(options)
    check_format(options.sparse_format)
    check_forms(options)
    check_zeros(options)
    return options


def _once(source: Path, output: Path, options: Options, progress: Progress) -> Result:
    """Prune, prove, train where that is asked for, write, measure."""
    file = PlainFile(source, options.data or None, options.seed)
    try:
        with scratch_folder(output.parent) as folder:
            trial = folder / output.name
            evidence = Evidence(file, options)
            make = search if options.max_loss is not None else mix if is_open(options) else prune
            made = _proved(evidence, lambda: make(evidence, output, trial, progress), trial, progress)
            result = made.result
            if result.proof.status == "failed":
                reason = result.proof.reason
                raise VerificationError(f"{source}: the pruned model failed its proof, so it was not written: {reason}")
            if options.recover is not None:
                known = options.teacher
                teacher = PlainFile(known.path, options.data or None, options.seed) if known else file
                matches = _matches(teacher, known.plan, result.plan) if known else made.matches
                setting, parts = options.recover, evidence.training
                result.recovery = retrain(teacher, trial, parts, setting, progress, output, matches)
                result.warnings += result.recovery.warnings
            progress("writing")
            result.warnings += write_sparse(
                trial, result.plan, "zeros" if options.unfinished else options.sparse_format
            )
            result.written = publish(trial, output)
            judge_size(result)
    except OSError as error:
        raise InputError(f"{output}: can't be written ({error.strerror or error})") from None
    gc.collect()
    if options.bench:
        progress("measuring")
        result.measured = measure(source, output, options, evidence.held_out, progress=progress)
        judge_time(result)
    return result


def _proved(evidence: Evidence, make: Callable[[], Pruned], trial: Path, progress: Progress) -> Pruned:
    """A pruned model with the oracle's verdict, if that is asked for; made again where units had better not move."""
    file, options = evidence.file, evidence.options
    made = make()
    gc.collect()  # graphs are full of cycles, and their weights are what memory is made of
    if not options.verify:
        return made
    progress("proving")
    edit = made.edits.apply
    proof = prove(file.load, made.masks, trial, seed=options.seed, dims=options.data, edit=edit, progress=progress)
    if proof.status == "failed" and made.result.plan.orders and not evidence.in_place:
        evidence.in_place = True
        evidence.warnings.append(MOVED)
        return _proved(evidence, make, trial, progress)
    made.result.proof = proof
    return made


def _matches(teacher: PlainFile, before: Plan | None, plan: Plan) -> list[Match]:
    return matches_of_plan(teacher.load(), before.then(plan)) if before else []


def judge_size(result: Result) -> None:
    """A target in bytes is judged by the files: what is besides weights in them, nobody knows before."""
    if result.target is not None and result.target.quantity == "size":
        result.fraction = model_bytes(result.output) / max(model_bytes(result.source), 1)
        result.reached = result.target.allows(result.fraction)


def judge_time(result: Result) -> None:
    """A target in time is judged by the last measurement; what a trial saw met stays so within its 95 % interval.

    Zeros are judged by what they were chosen by: of one thread, processor time.
    """
    latency, target = result.measured.latency if result.measured else None, result.target
    if latency is None or target is None or not target.timed:
        return
    ratio = latency.cpu_ratio(1) if result.plan.sparse and result.options.threads == 1 else latency.ratio(1)
    if not 0 < ratio.value < math.inf:
        return
    result.fraction = 1 / ratio.value
    result.reached = target.allows(result.fraction) or (result.reached and target.allows(1 / ratio.high))


def check_paths(source: Path, output: Path) -> None:
    """Raise InputError where the output can't be written, or is the input, or that is no file."""
    if source.is_dir():
        raise InputError(f"{source}: is a folder, not an ONNX file; onnxprune.optimize_directory takes it as a whole")
    if output.exists() and source.exists() and output.resolve() == source.resolve():
        raise InputError(f"{output}: the output is the input; give another name")
    if output.is_dir():
        raise InputError(f"{output}: is a folder; give the name of the model file to write")
    if not output.parent.exists():
        raise InputError(f"{output}: the folder '{output.parent}' does not exist")


__all__ = ["Options", "Result", "optimize"]
