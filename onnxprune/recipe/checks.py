"""What can be seen to be wrong with a recipe before the first stage begins, which may take hours."""

from __future__ import annotations

from onnxprune import budget, criteria, repair
from onnxprune.calibration import check_quantisation
from onnxprune.errors import InputError
from onnxprune.pruning import Options
from onnxprune.pruning.optimize import checked
from onnxprune.pruning.passes import parse
from onnxprune.pruning.plan import read
from onnxprune.pruning.sparsifying import layer_passes, resolved, wraps
from onnxprune.recipe.recipe import Recipe
from onnxprune.recipe.spelling import of_keys
from onnxprune.recipe.steps import Prune, Quantise, Recover, Step
from onnxprune.recovery import check as check_training
from onnxprune.runtime import check_provider


def check(recipe: Recipe) -> None:
    """Raise InputError naming what can't be done as asked for, as far as that doesn't depend on the model."""
    where = f"{recipe.file}: " if recipe.file else ""
    for number, step in enumerate(recipe.steps, 1):
        try:
            _check_step(step)
            _check_rest(step, recipe.steps[number:])
        except InputError as error:
            raise InputError(f"{where}stage {number} ({step.kind}): {of_keys(error)}") from None
    try:
        _check_whole(recipe)
    except InputError as error:
        raise InputError(f"{where}{of_keys(error) if where else error}") from None


def _check_whole(recipe: Recipe) -> None:
    options = recipe.options
    if not recipe.steps:
        _check_options(options)
        return
    check_provider(options.provider)
    if options.max_loss is not None and not options.metric and not _looks(recipe):
        raise InputError("max_loss needs data to see the loss on (data), or a metric of yours (metric)")
    if options.metric and options.max_loss is None:
        raise InputError("metric says what the loss is, and needs a limit to it (max_loss)")
    if options.target is not None and options.target.timed and not options.bench:
        raise InputError("a target in time has to be measured, so bench can't be false")


def packed(step: Step) -> str:
    """The form in which a stage's sparse weights are packed; empty where they aren't."""
    if not isinstance(step.work, Prune) or not _sparse(step.work.options):
        return ""
    form = resolved(step.work.options).sparse_format
    return "" if form == "zeros" else form


def _looks(recipe: Recipe) -> bool:
    return recipe.options.calibration is not None or any(step.work.inputs.data for step in recipe.steps)


def _check_step(step: Step) -> None:
    work = step.work
    if isinstance(work, Recover):
        check_training(work.training)
    elif isinstance(work, Quantise):
        check_quantisation(work.setting, work.inputs.data is not None)
    else:
        _check_options(work.options)


def _check_options(options: Options) -> None:
    check_provider(options.provider)
    checked(options)
    criteria.get(options.scored_by)
    budget.get(options.shared_by)
    repair.get(options.repaired_by)
    for text in options.passes:
        parse(text)


def _sparse(options: Options) -> bool:
    return bool(layer_passes(options)) or (options.plan is not None and bool(read(options.plan).sparse))


def _check_rest(step: Step, later: tuple[Step, ...]) -> None:
    """Packed weights are nothing that another stage could prune or quantise."""
    form = packed(step)
    wrong = [other.kind for other in later if not isinstance(other.work, Recover)]
    if form and wrong:
        raise InputError(f"sparse_format = {form} packs weights at the end, and {wrong[0]} can't follow then")
    if isinstance(step.work, Prune) and wraps(step.work.options):
        after = next((other.kind for other in later if isinstance(other.work, Prune)), "")
        if after:
            raise InputError(
                f"method=armor puts layers between matrices, and {after} can't follow then: let it come first"
            )
