"""Doing what a recipe says: whole, or not at all."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, reduce
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.graph import publish, scratch_folder
from onnxprune.progress import Progress, silent
from onnxprune.pruning import Inputs, Options, Plan, Result, Search, Trial, measure, optimize
from onnxprune.pruning.loss import Judge
from onnxprune.pruning.measure import timing_feeds
from onnxprune.pruning.optimize import check_paths, judge_time
from onnxprune.pruning.plan import sha256
from onnxprune.pruning.sparsifying import write_sparse
from onnxprune.recipe.advice import advice
from onnxprune.recipe.checks import check, packed
from onnxprune.recipe.command import command
from onnxprune.recipe.line import Line
from onnxprune.recipe.places import modules_of
from onnxprune.recipe.recipe import Recipe
from onnxprune.recipe.shared import Shared
from onnxprune.recipe.telling import counts, told
from onnxprune.runtime import Feeds
from onnxprune.runtime.verify import Proof

LEAST_SURE = ("undecided", "skipped", "proved")
"""What the proofs of several stages come to together: the first of these that one of them is."""


def run(
    recipe: Recipe | Path | str, model: Path | str, output: Path | str | None = None, progress: Progress = silent
) -> Result:
    """Do to a model file what a recipe, or the file of one, says; a stage that fails leaves nothing behind.

    output: where to write; by default where the recipe says, or MODEL.pruned.onnx beside the model. Raises as
    `optimize` does, naming the stage.
    """
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.load(recipe)
    source = Path(model)
    place = Path(output) if output is not None else recipe.output or source.with_name(f"{source.stem}.pruned.onnx")
    with modules_of(recipe.folder):
        check_paths(source, place)
        check(recipe)
        if not recipe.steps:
            return optimize(source, place, recipe.options, progress)
        try:
            return _staged(recipe, source, place, progress)
        except OSError as error:
            raise InputError(f"{place}: can't be written ({error.strerror or error})") from None


def _staged(recipe: Recipe, source: Path, output: Path, progress: Progress) -> Result:
    options = recipe.options
    whole = _inputs(options), options.seed
    progress("loading")
    before = counts(source, options)
    shared = Shared.of(source, whole, recipe.steps)

    @cache
    def feeds() -> Feeds:
        return timing_feeds(source, options)

    line = Line(source, output, options, shared, shared.held_out(whole), feeds, progress, before)
    with scratch_folder(output.parent) as folder:
        for number, step in enumerate(recipe.steps, 1):
            last = number == len(recipe.steps)
            place = folder / (output.name if last else f"stage-{number}.onnx")
            line.do(number, step, place, not last, advice(number, recipe.steps, options.target))
            gc.collect()
        progress("writing")
        warnings = _packed(recipe, line)
        search = _judged(line, options)
        result = _together(recipe, line, counts(line.last, options))
        result.written = publish(line.last, output)
    result.search = search
    result.warnings += [*warnings, *(search.warnings if search else [])]
    if options.bench:
        progress("measuring")
        result.measured = measure(source, output, options, line.judged_by, progress=progress)
        judge_time(result)
    return result


def _inputs(options: Options) -> Inputs:
    return Inputs(options.calibration, options.samples, options.preprocess, options.data, labels=options.labels)


def _packed(recipe: Recipe, line: Line) -> list[str]:
    """Sparse weights are packed when nothing comes any more; returns sentences on what could not be."""
    sentences: list[str] = []
    for step, stage in zip(recipe.steps[:-1], line.stages, strict=False):
        form = packed(step)
        if form and isinstance(stage.work, Result):
            sentences += write_sparse(line.last, stage.work.plan, form)
    return sentences


def _judged(line: Line, options: Options) -> Search | None:
    """The loss of the whole, where it has a limit."""
    if options.max_loss is None:
        return None
    judge = Judge(line.dense, options, line.judged_by)
    loss, quality = judge(line.last)
    left = line.stages[-1].after["macs"] / max(line.before["macs"], 1e-30)
    found = Search(options.max_loss, options.metric, loss, grain=judge.grain, trials=[Trial(left, left, loss)])
    if judge.metric is not None:
        found.before, found.after = judge.metric.dense, quality
    return found


def _together(recipe: Recipe, line: Line, after: dict[str, float]) -> Result:
    """What all stages did, as one."""
    options, before = recipe.options, line.before
    works = [stage.work for stage in line.stages if isinstance(stage.work, Result)]
    plan = reduce(Plan.then, (work.plan for work in works)) if works else Plan({}, [], {})
    plan.model = {"name": line.dense.name, "sha256": sha256(line.dense)}
    last = {entry["initializer"]: entry for work in works for entry in work.plan.sparse}  # one may be taken twice
    plan.sparse = list(last.values())
    plan.stages = [told(stage) for stage in line.stages]
    plan.measured = {name: _rounded(values) for name, values in (("before", before), ("after", after))}
    fraction, reached = _reached(options, before, after)
    proof = _proof([work.proof for work in works])
    forms = [form for form in map(packed, recipe.steps) if form]
    options = replace(options, sparse_format=forms[-1] if forms else "zeros")
    found = Result(line.dense, line.output, options, plan, proof, fraction, reached, before, after, [])
    found.target, found.stages, found.command = options.target, line.stages, command(recipe, line.dense, line.output)
    found.locked, found.unknown = (works[0].locked, works[0].unknown) if works else ([], {})
    for work in works:
        found.offered = {**work.offered, **found.offered}
    every = [*line.shared.warnings, *(text for stage in line.stages for text in stage.warnings)]
    found.warnings = list(dict.fromkeys(every))
    return found


def _rounded(values: Mapping[str, float]) -> dict[str, int]:
    return {name: round(value) for name, value in values.items()}


def _reached(options: Options, before: Mapping[str, float], after: Mapping[str, float]) -> tuple[float, bool]:
    """What is left of the target's quantity, and whether that is little enough; time is judged by the measurement."""
    target = options.target
    if target is None or target.timed:
        return 1.0, target is None
    name = "bytes" if target.quantity == "size" else target.quantity
    left = after[name] / max(before[name], 1e-30)
    return left, target.allows(left)


def _proof(proofs: Sequence[Proof]) -> Proof:
    if not proofs:
        return Proof("skipped", reason="no stage takes anything away")
    status = next(status for status in LEAST_SURE if any(proof.status == status for proof in proofs))
    return max((proof for proof in proofs if proof.status == status), key=lambda proof: proof.error)
