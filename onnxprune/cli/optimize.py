"""`onnxprune optimize`: prune a model to a target, prove the result, measure it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from onnxprune.cli.contract import DONE, NOT_MET, say
from onnxprune.cli.options import Dim, Json, Model, Provider, Seed, Threads, alignment, dims, known_provider

if TYPE_CHECKING:
    from onnxprune.pruning import Options, Result
    from onnxprune.report import Report


def optimize(
    model: Model,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where to write; by default MODEL.pruned.onnx beside the model."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="X=FRACTION",
            help="What may be left at most of macs, params or size.",
            show_default="macs=0.5",
        ),
    ] = None,
    criterion: Annotated[
        str | None, typer.Option(metavar="NAME", help="How units are scored; see 'onnxprune list criteria'.")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="How removal is shared out; see 'onnxprune list budgets'."),
    ] = None,
    passes: Annotated[
        list[str] | None,
        typer.Option("--pass", metavar="PASS", help="What may go: NAME or 'NAME{ratio=0.25}'; repeatable."),
    ] = None,
    protect: Annotated[
        list[str] | None, typer.Option(metavar="GLOB", help="Weights and nodes to leave whole; repeatable.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Touch nothing but these; repeatable.")] = None,
    align: Annotated[
        str, typer.Option(metavar="auto|N", help="Widths are multiples of N; auto: what the kernels like.")
    ] = "auto",
    plan: Annotated[
        Path | None,
        typer.Option(metavar="PLAN.json", help="Do again what an earlier report's plan.json says."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write report.json, report.md and plan.json there.")
    ] = None,
    provider: Provider = "cpu",
    threads: Threads = 1,
    seed: Seed = 0,
    dim: Dim = None,
    no_verify: Annotated[bool, typer.Option("--no-verify", help="Don't prove the result.")] = False,
    no_bench: Annotated[bool, typer.Option("--no-bench", help="Don't measure latency and fidelity.")] = False,
    json: Json = False,
) -> int:
    """Prune a model to a target, prove the result, and measure it."""
    from onnxprune.pruning import Options, Target

    chosen = {"criterion": criterion, "budget": budget}
    options = Options(
        target=Target.parse(target) if target else None,
        passes=tuple(passes or ()),
        align=alignment(align),
        protect=tuple(protect or ()),
        only=tuple(only or ()),
        plan=plan,
        seed=seed,
        verify=not no_verify,
        bench=not no_bench,
        threads=threads,
        provider=known_provider(provider),
        data=dims(dim),
        **{name: text for name, text in chosen.items() if text is not None},
    )
    result, record, paths = _run(model, output or model.with_name(f"{model.stem}.pruned.onnx"), options, report)
    return _show(result, record, paths, json)


def _run(model: Path, output: Path, options: Options, report: Path | None) -> tuple[Result, Report, list[Path]]:
    from onnxprune.cli.screen import stages
    from onnxprune.pruning import optimize as run
    from onnxprune.report import claimed, summarize, write

    with claimed(report) if report else contextlib.nullcontext(), stages() as progress:
        result = run(model, output, options, progress)
        record = summarize(result)
        return result, record, write(report, result, record) if report else []


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
    from onnxprune.report.sentences import aim

    reached = aim(record.target) if record.target else "not met"
    say(f"target {reached}; the best result is written to {result.output}")
    return NOT_MET
