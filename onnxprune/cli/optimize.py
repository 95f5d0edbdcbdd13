"""`onnxprune optimize`: prune a model to a target, prove the result, measure it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    alignment,
    dims,
    known_provider,
)
from onnxprune.errors import InputError

if TYPE_CHECKING:
    from onnxprune.pruning import Options, Result
    from onnxprune.recovery.masks import MaskSetting
    from onnxprune.report import Report


Model = Annotated[
    Path,
    typer.Argument(metavar="MODEL", help="The ONNX file, or a directory that holds some.", show_default=False),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="Where to write; by default MODEL.pruned.onnx (or DIRECTORY.pruned) beside the model."
    ),
]
Files = Annotated[
    list[str] | None,
    typer.Option(
        "--file",
        metavar="GLOB",
        help="Of a directory, prune these models only; the others are carried over; repeatable.",
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="X=FRACTION",
        help="At most this fraction of macs, params, size or latency stays; macs=0.5 where nothing else decides.",
        autocompletion=completion.targets,
    ),
]
Criterion = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How units are scored; see 'onnxprune list criteria'.",
        autocompletion=completion.criteria,
    ),
]
Aggregate = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How scores of coupled weights or layers become one: sum, mean, max, min, prod; default: as published.",
        autocompletion=completion.aggregates,
    ),
]
Budget = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How removal is shared out; see 'onnxprune list budgets'.",
        autocompletion=completion.budgets,
    ),
]
Repair = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What makes up for the units that go; see 'onnxprune list repairs'.",
        autocompletion=completion.repairs,
    ),
]
Passes = Annotated[
    list[str] | None,
    typer.Option(
        "--pass",
        metavar="PASS",
        help="What may go: NAME or 'NAME{ratio=0.25}'; repeatable. See 'onnxprune list passes'.",
        autocompletion=completion.passes,
    ),
]
Protect = Annotated[
    list[str] | None, typer.Option(metavar="GLOB", help="Weights and nodes to leave whole; repeatable.")
]
Only = Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Touch nothing but these; repeatable.")]
Align = Annotated[str, typer.Option(metavar="auto|N", help="Widths are multiples of N; auto: what the kernels like.")]
PlanFile = Annotated[
    Path | None, typer.Option(metavar="PLAN.json", help="Do again what an earlier report's plan.json says.")
]
ReportFolder = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write report.json, report.md and plan.json there.")
]
MaxLoss = Annotated[
    float | None,
    typer.Option(
        metavar="FRACTION",
        help="The smallest model that loses at most this on the data (0.01: 1 %), no smaller than the target.",
    ),
]
SparseFormat = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How sparse weights are written: zeros (the default), op (SparseMatMul, for the plug-in; by default for a "
        "target in time) or initializer.",
        autocompletion=completion.sparse_formats,
    ),
]
Metric = Annotated[
    str | None,
    typer.Option(metavar="MODULE:FUNCTION", help="What tells how good a model is, for --max-loss; see docs/data.md."),
]
SearchMinutes = Annotated[
    float | None,
    typer.Option(
        metavar="M", help="Look so long for better widths than the budget's, by what masked units lose on the data."
    ),
]
TrainMasks = Annotated[
    str | None,
    typer.Option(
        metavar="TIME|STEPS",
        help="Learn what goes by training gates on all units: 5m, 90s or a number of steps. Needs data and torch.",
    ),
]
MaskMethod = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How gates are trained: polarised (the default), cofi, l0 or ste; see docs/masks.md.",
        autocompletion=completion.mask_methods,
    ),
]
MaskWeights = Annotated[
    bool | None,
    typer.Option(
        "--mask-weights/--no-mask-weights",
        show_default=False,
        help="While masks are trained, weights learn along (the default); the result doesn't get these.",
    ),
]
NoVerify = Annotated[bool, typer.Option("--no-verify", help="Don't prove the result.")]
NoBench = Annotated[bool, typer.Option("--no-bench", help="Don't measure latency and fidelity.")]


def optimize(
    model: Model,
    output: Output = None,
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
    """Prune a model to a target or a limit of loss, prove the result, and measure it."""
    from onnxprune.pruning import Options
    from onnxprune.pruning import Target as Aim
    from onnxprune.recovery import Effort, Training

    chosen: dict[str, Any] = {
        "criterion": criterion,
        "aggregate": aggregate,
        "budget": budget,
        "repair": repair,
        "metric": metric,
        "labels": labels,
        "sparse_format": sparse_format,
    }
    options = Options(
        target=Aim.parse(target) if target else None,
        passes=passes or (),
        align=alignment(align),
        protect=protect or (),
        only=only or (),
        plan=plan,
        seed=seed,
        verify=not no_verify,
        bench=not no_bench,
        threads=threads,
        provider=known_provider(provider),
        data=dims(dim),
        calibration=data,
        samples=samples,
        preprocess=preprocess,
        max_loss=max_loss,
        search_minutes=search_minutes,
        recover_rounds=recover_rounds,
        masks=_masks(train_masks, mask_method, mask_weights, seed),
        recover=Training(Effort.parse(recover), recover_mode, seed=seed) if recover else None,
        **{name: text for name, text in chosen.items() if text is not None},
    )
    if files and not model.is_dir():
        raise InputError(f"--file {files[0]}: chooses models of a directory, and {model} is none")
    if model.is_dir():
        from onnxprune.cli.directory import optimize_directory

        return optimize_directory(model, output, options, files or (), report, as_json=json, quiet=quiet)
    place = output or model.with_name(f"{model.stem}.pruned.onnx")
    return _show(*_run(model, place, options, report, quiet), json)


def _masks(effort: str | None, method: str | None, weights: bool | None, seed: int) -> MaskSetting | None:
    """How masks are trained, if they are."""
    from onnxprune.recovery import Effort
    from onnxprune.recovery.masks import MaskSetting

    if effort is not None:
        found = MaskSetting(Effort.parse(effort), method or MaskSetting().method, seed=seed)
        return found if weights is None else replace(found, weights=weights)
    flag = "--mask-weights" if weights else "--no-mask-weights"
    for name in [name for name, given in (("--mask-method", method), (flag, weights)) if given is not None]:
        raise InputError(f"{name} says how masks are trained, and needs --train-masks")
    return None


def _run(
    model: Path, output: Path, options: Options, report: Path | None, quiet: bool
) -> tuple[Result, Report, list[Path]]:
    from onnxprune.cli.screen import stages
    from onnxprune.pruning import optimize as run
    from onnxprune.report import claimed, detailed, summarize, write

    with claimed(report) if report else contextlib.nullcontext(), stages(quiet) as progress:
        result = run(model, output, options, progress)
        record = summarize(result)
        if report is None:
            return result, record, []
        record = detailed(record, result, progress)
        return result, record, write(report, result, record)


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
