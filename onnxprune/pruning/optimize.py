"""The main job: analyse, decide, shrink, prove, write, measure."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from onnxprune import repair
from onnxprune.budget import macs, params
from onnxprune.coupling import Analysis, analyze
from onnxprune.coupling.masks import Keep
from onnxprune.errors import InputError, VerificationError
from onnxprune.graph import (
    Model,
    concrete,
    finish,
    index_bounds,
    normalize,
    publish,
    save,
    scratch_folder,
    skeleton,
)
from onnxprune.pruning.decide import Decision, decide, replay
from onnxprune.pruning.evidence import Evidence
from onnxprune.pruning.measure import Measurement, measure
from onnxprune.pruning.obstacles import Lock, locks
from onnxprune.pruning.options import Options, Target
from onnxprune.pruning.plan import Plan, describe, read, sha256
from onnxprune.pruning.selection import Scope, unmatched
from onnxprune.repair import Edits, Work
from onnxprune.rewrite import keep_of, prove, shrink, spell_residuals
from onnxprune.runtime import InputSpec, PlainFile, concrete_shapes, input_specs, runnable_inputs, session
from onnxprune.runtime.verify import Proof

Progress = Callable[[str], None]


def silent(_: str) -> None:
    """No progress."""


@dataclass(slots=True)
class Result:
    """What `optimize` did.

    fraction: of the target's quantity that is left; met: whether the target was met; target: the one that was aimed
    at, None where the passes' own ratios or a plan decided; offered: pass -> sizes of the groups that it offered;
    unknown: op -> nodes without a rule; warnings: sentences; written: the model file and its data files
    """

    source: Path
    output: Path
    options: Options
    plan: Plan
    proof: Proof
    fraction: float
    met: bool
    before: dict[str, float]
    after: dict[str, float]
    locked: list[Lock]
    measured: Measurement | None = None
    written: list[Path] = field(default_factory=list)
    target: Target | None = None
    offered: dict[str, list[int]] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def optimize(
    source: Path | str, output: Path | str, options: Options | None = None, progress: Progress = silent
) -> Result:
    """Prune a model file to a target and prove the result before it is written.

    Raises InputError for unusable input and VerificationError where the result failed its proof (nothing is written).
    """
    source, output, options = Path(source), Path(output), options or Options()
    _check_paths(source, output)
    file = PlainFile(source, options.data or None, options.seed)
    try:
        with scratch_folder(output.parent) as folder:
            trial = folder / output.name
            evidence = Evidence(file, options)
            result, masks, edits = _prune(evidence, output, trial, progress)
            gc.collect()  # graphs are full of cycles, and their weights are what memory is made of
            if options.verify:
                progress("proving")
                result.proof = prove(file.load, masks, trial, seed=options.seed, dims=options.data, edit=edits.apply)
            if result.proof.status == "failed":
                reason = result.proof.reason
                raise VerificationError(f"{source}: the pruned model failed its proof, so it was not written: {reason}")
            progress("writing")
            result.written = publish(trial, output)
    except OSError as error:
        raise InputError(f"{output}: can't be written ({error.strerror or error})") from None
    gc.collect()
    if options.bench:
        progress("measuring")
        result.measured = measure(source, output, options, evidence.held_out)
    return result


def _prune(
    evidence: Evidence, output: Path, trial: Path, progress: Progress
) -> tuple[Result, dict[str, np.ndarray], Edits]:
    """Decide, repair, shrink and write the trial file. Nothing of the model but repaired weights stays in memory."""
    progress("loading")
    file, options = evidence.file, evidence.options
    source, model = file.path, file.load()
    check_dims(model, options)
    shapes = open_shapes(model, source, options)
    progress("analysing")
    model = normalize(model)
    analysis = analyze(model.graph, model.opsets)
    progress("choosing what goes")
    warnings = unmatched(analysis, Scope(options.protect, options.only))
    plan_model = {"name": source.name, "sha256": sha256(source)}
    decision = _decide(analysis, evidence, shapes)
    if decision.made_for not in ("", plan_model["sha256"]):
        warnings.append("the plan was made for another file of the same structure")
    keep = keep_of(analysis, decision.masks)
    before, after = _counts(analysis, shapes, keep)
    locked = locks(analysis, macs(analysis, shapes))
    edits = _repair(evidence, decision, progress)
    if edits:
        analysis = edits.apply(model)
        keep = keep_of(analysis, decision.masks)
    progress("shrinking")
    groups, tensors = describe(analysis, decision.chosen, shrink(model, analysis, keep))
    finish(model)
    if tensors and options.provider == "cpu":
        spell_residuals(model)
    _save(model, trial, output)
    plan = Plan(plan_model, groups, tensors, repairs=evidence.told(edits), measured={"before": before, "after": after})
    proof = Proof("skipped", reason="not asked for")
    result = Result(source, output, options, plan, proof, decision.fraction, decision.met, before, after, locked)
    result.target, result.offered = decision.target, _offered(decision)
    result.unknown, result.warnings = dict(analysis.unknown), [*warnings, *evidence.warnings]
    return result, decision.masks, edits


def _repair(evidence: Evidence, decision: Decision, progress: Progress) -> Edits:
    """What makes up for the units that go."""
    found = repair.get(evidence.repair)
    if not decision.masks or found.name == "none":
        return Edits()
    progress("repairing")
    edits = found.function(Work(evidence.source, decision.masks, evidence.calibration, progress=progress))
    evidence.compare_with_plan()
    return edits


def _save(model: Model, trial: Path, output: Path) -> None:
    """Write the trial file; what goes wrong is told of the file that the user asked for."""
    try:
        save(model, trial)
    except InputError as error:
        raise InputError(str(error).replace(str(trial), str(output))) from None


def _check_paths(source: Path, output: Path) -> None:
    if output.exists() and source.exists() and output.resolve() == source.resolve():
        raise InputError(f"{output}: the output is the input; give another name")
    if output.is_dir():
        raise InputError(f"{output}: is a folder; give the name of the model file to write")
    if not output.parent.exists():
        raise InputError(f"{output}: the folder '{output.parent}' does not exist")


def _decide(analysis: Analysis, evidence: Evidence, shapes: dict[str, tuple[int, ...]]) -> Decision:
    options, source = evidence.options, evidence.file.path
    if options.plan is not None:
        return replay(analysis, read(options.plan), options, source, shapes)
    return decide(analysis, options, source, shapes, evidence.activations(analysis))


def check_dims(model: Model, options: Options) -> None:
    """Raise InputError where sizes are given for dimensions that the model doesn't have."""
    specs = [
        InputSpec(t.name, "", tuple(d if isinstance(d, int | str) else None for d in t.shape or ()))
        for t in model.graph.inputs
    ]
    concrete_shapes(specs, dims=options.data)


def open_shapes(model: Model, source: Path, options: Options) -> dict[str, tuple[int, ...]]:
    """Shapes of all tensors for one run of a model with open dimensions; empty where none is open."""
    if all(isinstance(d, int) for t in model.graph.inputs for d in t.shape or ()):
        return {}
    try:
        dense = session(source)
        feeds = runnable_inputs(dense, seed=options.seed, dims=options.data or None, bounds=index_bounds(model.graph))
    except InputError:
        return {}
    names = {spec.name for spec in input_specs(dense)}
    return concrete(skeleton(model), {name: v.shape for name, v in feeds.items() if name in names})


def _counts(
    analysis: Analysis, shapes: dict[str, tuple[int, ...]], keep: Keep
) -> tuple[dict[str, float], dict[str, float]]:
    costs = {"macs": macs(analysis, shapes), "params": params(analysis)}
    return {k: c.total() for k, c in costs.items()}, {k: c.total(keep.counts) for k, c in costs.items()}


def _offered(decision: Decision) -> dict[str, list[int]]:
    sizes: dict[str, list[int]] = {}
    for candidate in decision.offered:
        sizes.setdefault(candidate.kind, []).append(candidate.group.size)
    return sizes


__all__ = ["Options", "Result", "open_shapes", "optimize"]
