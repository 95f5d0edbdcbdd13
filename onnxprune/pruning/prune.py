"""One pruned model: analyse, decide, repair, shrink, write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from onnxprune.budget import macs, params
from onnxprune.calibration import layers
from onnxprune.coupling import Analysis, analyze
from onnxprune.coupling.masks import Keep
from onnxprune.errors import InputError
from onnxprune.graph import Model, concrete, index_bounds, normalize, save, skeleton
from onnxprune.progress import Progress, silent
from onnxprune.pruning.choose import choose
from onnxprune.pruning.decide import Decision
from onnxprune.pruning.evidence import Evidence
from onnxprune.pruning.matches import matches_of
from onnxprune.pruning.mend import mend
from onnxprune.pruning.obstacles import locks
from onnxprune.pruning.options import Options, Target
from onnxprune.pruning.placing import place
from onnxprune.pruning.plan import Plan, describe, read, sha256
from onnxprune.pruning.result import Result
from onnxprune.pruning.selection import Scope, unmatched
from onnxprune.pruning.sparsifying import Sparse, changed, named, planned, told, told_dense
from onnxprune.pruning.timing import Timing
from onnxprune.pruning.variant import narrow
from onnxprune.pruning.wrapping import bare, judge
from onnxprune.recovery import Match
from onnxprune.repair import Edits
from onnxprune.rewrite import keep_of, wrap
from onnxprune.runtime import InputSpec, concrete_shapes, input_specs, runnable_inputs, session
from onnxprune.runtime.verify import Proof
from onnxprune.sparse import orders


@dataclass(slots=True)
class Pruned:
    """A pruned model that was written to a trial file.

    masks: group id -> units that stay; edits: of its weights; matches: tensors that it can be trained towards
    """

    result: Result
    masks: dict[str, np.ndarray]
    edits: Edits
    matches: list[Match]


def prune(
    evidence: Evidence,
    output: Path,
    trial: Path,
    progress: Progress = silent,
    target: Target | None = None,
    sparsity: float | None = None,
) -> Pruned:
    """Decide, repair, shrink and write the trial file. Nothing of the model but repaired weights stays in memory.

    output: what the user calls the file; target: instead of the options'; sparsity: of layers whose passes leave it
    open. Raises InputError where nothing can go.
    """
    progress("loading")
    evidence.progress = progress
    file, options = evidence.file, evidence.options
    source, model = file.path, file.load()
    check_dims(model, options)
    shapes = evidence.shapes = open_shapes(model, source, options)
    progress("analysing")
    model = normalize(model)
    analysis = analyze(model.graph, model.opsets)
    progress("choosing what goes")
    warnings = unmatched(analysis, Scope(options.protect, options.only))
    plan_model = {"name": source.name, "sha256": sha256(source)}
    sparse = named(analysis, options) if options.plan is None else planned(analysis, read(options.plan))
    if sparsity is not None:
        sparse.settle(sparsity)
    watch = Timing(evidence.stopwatch, analysis, shapes, progress)
    choice = choose(watch, evidence, target, sparse)
    decision = choice.decision
    evidence.release()
    if decision.made_for not in ("", plan_model["sha256"]):
        warnings.append("the plan was made for another file of the same structure")
    warnings += place(analysis, sparse, keep_of(analysis, decision.masks), shapes, evidence.doors, progress)
    moved = {} if evidence.in_place or options.in_place else _orders(analysis, sparse, decision, options)
    decision.masks |= moved
    before, after = _counts(analysis, shapes, keep_of(analysis, decision.masks))
    locked = locks(analysis, macs(analysis, shapes))
    matches = matches_of(analysis, decision.masks) if options.recover else []
    edits = mend(evidence, decision, sparse) if choice.edits is None or sparse else choice.edits
    repaired = edits.apply(model) if edits else analysis
    keep = keep_of(repaired, decision.masks)
    after["params"] = params(repaired).total(keep.counts)  # a repair may have added biases
    progress("shrinking")
    provider = evidence.settings.get("provider", options.provider)
    groups, tensors = describe(analysis, decision.chosen, narrow(model, repaired, keep, provider))
    wrapped = wrap(model, edits.wrappers, shapes)
    after["params"] += sum(one.params for one in wrapped.values())
    after["macs"] += sum(one.macs for one in wrapped.values())
    judge(decision, wrapped.values(), before, file.path)
    warnings += bare(sparse, wrapped)
    _save(model, trial, output)
    measured = {"before": before, "after": after}
    zeros = told(model, sparse, wrapped)
    if options.plan is not None and (other := changed(zeros, read(options.plan))):
        warnings.append(f"zeros are not where the plan had them in {', '.join(other[:3])}{' ...' * (len(other) > 3)}")
    repairs = evidence.told(edits) if evidence.repair != "none" else []
    plan = Plan(plan_model, groups, tensors, sparse=zeros, repairs=repairs, measured=measured, decided=choice.decided)
    plan.dense = told_dense(model, sparse)
    plan.settings = {"repair": evidence.repair, "provider": provider}
    plan.settings |= {"sparse_format": options.sparse_format} if zeros else {}
    plan.orders = {name: order.tolist() for name, order in moved.items()}
    proof = Proof("skipped", reason="not asked for")
    result = Result(source, output, options, plan, proof, decision.fraction, decision.met, before, after, locked)
    result.target, result.offered, result.masks = decision.target, _offered(decision), choice.masks
    result.unknown, result.warnings = dict(analysis.unknown), [*warnings, *evidence.warnings]
    return Pruned(result, decision.masks, edits, matches)


def _orders(analysis: Analysis, sparse: Sparse, decision: Decision, options: Options) -> dict[str, np.ndarray]:
    """Group id -> units that stay, in an order that suits the blocks of sparse weights, or that a plan had."""
    if options.plan is not None:
        chosen = read(options.plan)
        return {name: chosen.chosen(analysis)[name] for name in chosen.orders}
    wanted = {name: want for name, want in sparse.wanted.items() if name in sparse.ordered}
    scope = Scope(options.protect, options.only)
    return orders(analysis, layers(analysis), wanted, keep_of(analysis, decision.masks), scope.allows)


def _save(model: Model, trial: Path, output: Path) -> None:
    """Write the trial file; what goes wrong is told of the file that the user asked for."""
    try:
        save(model, trial)
    except InputError as error:
        raise InputError(str(error).replace(str(trial), str(output))) from None


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
