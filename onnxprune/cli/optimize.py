"""`onnxprune optimize`: prune a model to a target, prove the result, measure it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onnxprune.cli import completion
from onnxprune.cli.contract import DONE, NOT_MET, say
from onnxprune.cli.options import (
    Data,
    Dim,
    Json,
    Labels,
    Preprocess,
    Provider,
    Quiet,
    Recover,
    RecoverMode,
    RecoverRounds,
    Samples,
    Seed,
    Threads,
)
from onnxprune.cli.said import given
from onnxprune.errors import InputError
from onnxprune.recipe.keys import meaning

if TYPE_CHECKING:
    from onnxprune.pruning import Result
    from onnxprune.recipe.recipe import Recipe
    from onnxprune.report import Report

REPEATABLE = " Repeatable."

Model = Annotated[
    Path,
    typer.Argument(metavar="MODEL", help="The ONNX file, or a directory that holds some.", show_default=False),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help=meaning("output")),
]
Files = Annotated[
    list[str] | None,
    typer.Option("--file", metavar="GLOB", help=meaning("file", REPEATABLE)),
]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="X=FRACTION",
        help=meaning("target"),
        autocompletion=completion.targets,
    ),
]
Criterion = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=meaning("criterion"),
        autocompletion=completion.criteria,
    ),
]
Aggregate = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=meaning("aggregate"),
        autocompletion=completion.aggregates,
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=meaning("budget"),
        autocompletion=completion.budgets,
    ),
]
Repair = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=meaning("repair"),
        autocompletion=completion.repairs,
    ),
]
Passes = Annotated[
    list[str] | None,
    typer.Option(
        "--pass",
        metavar="PASS",
        help=meaning("pass", REPEATABLE),
        autocompletion=completion.passes,
    ),
]
Protect = Annotated[list[str] | None, typer.Option(metavar="GLOB", help=meaning("protect", REPEATABLE))]
Only = Annotated[list[str] | None, typer.Option(metavar="GLOB", help=meaning("only", REPEATABLE))]
Align = Annotated[str, typer.Option(metavar="auto|N", help=meaning("align"))]
PlanFile = Annotated[Path | None, typer.Option(metavar="PLAN.json", help=meaning("plan"))]
ReportFolder = Annotated[Path | None, typer.Option(metavar="DIR", help=meaning("report"))]
MaxLoss = Annotated[
    float | None,
    typer.Option(
        metavar="FRACTION",
        help=meaning("max_loss"),
    ),
]
SparseFormat = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=meaning("sparse_format"),
        autocompletion=completion.sparse_formats,
    ),
]
Metric = Annotated[
    str | None,
    typer.Option(metavar="MODULE:FUNCTION", help=meaning("metric")),
]
SearchMinutes = Annotated[
    float | None,
    typer.Option(metavar="M", help=meaning("search_minutes")),
]
TrainMasks = Annotated[
    str | None,
    typer.Option(
        metavar="TIME|STEPS",
        help=meaning("train_masks"),
    ),
]
MaskMethod = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=meaning("mask_method"),
        autocompletion=completion.mask_methods,
    ),
]
MaskWeights = Annotated[
    bool | None,
    typer.Option(
        "--mask-weights/--no-mask-weights",
        show_default=False,
        help=meaning("mask_weights"),
    ),
]
NoVerify = Annotated[bool, typer.Option("--no-verify", help="Don't prove the result.")]
NoBench = Annotated[bool, typer.Option("--no-bench", help="Don't measure latency and fidelity.")]


RecipeFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.toml",
        help="Options in a file, in several stages if it says so; what is said on the command line wins. "
        "'onnxprune init' writes one.",
    ),
]


def optimize(
    context: typer.Context,
    model: Model,
    output: Output = None,
    recipe: RecipeFile = None,
    target: Target = None,
    criterion: Criterion = None,
    aggregate: Aggregate = None,
    budget: Budget = None,
    passes: Passes = None,
    protect: Protect = None,
    only: Only = None,
    align: Align = "auto",
    plan: PlanFile = None,
    report: ReportFolder = None,
    provider: Provider = "cpu",
    threads: Threads = 1,
    seed: Seed = 0,
    dim: Dim = None,
    no_verify: NoVerify = False,
    no_bench: NoBench = False,
    data: Data = None,
    samples: Samples = 512,
    preprocess: Preprocess = None,
    labels: Labels = None,
    repair: Repair = None,
    max_loss: MaxLoss = None,
    search_minutes: SearchMinutes = None,
    train_masks: TrainMasks = None,
    mask_method: MaskMethod = None,
    mask_weights: MaskWeights = None,
    metric: Metric = None,
    sparse_format: SparseFormat = None,
    recover: Recover = None,
    recover_mode: RecoverMode = "full",
    recover_rounds: RecoverRounds = 1,
    files: Files = None,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Prune a model to a target or a limit of loss. The result is proved and measured."""
    from onnxprune.recipe.recipe import Recipe

    values = given(context)
    chosen = Recipe.load(recipe, **values) if recipe is not None else Recipe.of_options(values)
    if model.is_dir():
        return _directory(chosen, model, json, quiet)
    if chosen.files:
        raise InputError(f"--file {chosen.files[0]}: chooses models of a directory, and {model} is none")
    place = chosen.output or model.with_name(f"{model.stem}.pruned.onnx")
    return _show(*_run(chosen, model, place, quiet), json)


def _directory(recipe: Recipe, model: Path, json: bool, quiet: bool) -> int:
    from onnxprune.cli.directory import optimize_directory

    return optimize_directory(model, recipe, as_json=json, quiet=quiet)


def _run(recipe: Recipe, model: Path, output: Path, quiet: bool) -> tuple[Result, Report, list[Path]]:
    from onnxprune.cli.screen import stages
    from onnxprune.recipe.run import run
    from onnxprune.report import claimed, detailed, summarize, write

    folder = recipe.report
    with claimed(folder) if folder else contextlib.nullcontext(), stages(quiet) as progress:
        result = run(recipe, model, output, progress)
        record = summarize(result)
        if folder is None:
            return result, record, []
        record = detailed(record, result, progress)
        return result, record, write(folder, result, record)


def _show(result: Result, record: Report, paths: list[Path], json: bool) -> int:
    from onnxprune.cli.show_optimize import show

    for warning in record.warnings:
        say(f"warning: {warning}")
    if json:
        print(record.to_json(), end="")
    else:
        show(record, paths)
    if result.met:
        return DONE
    from onnxprune.report.sentences import missed

    say(f"{missed(record)}; the best result is written to {result.output}")
    return NOT_MET
