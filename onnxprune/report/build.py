"""From the result of `optimize` to the record of report.json."""

from __future__ import annotations

import shlex
from pathlib import Path

from onnxprune.calibration import MADE_UP
from onnxprune.pruning import Options, Result
from onnxprune.pruning.measure import data_files
from onnxprune.pruning.passes import group_passes
from onnxprune.pruning.plan import sha256
from onnxprune.report import pieces
from onnxprune.report.closeness import closeness
from onnxprune.report.record import VERSION, Counts, File, Report
from onnxprune.report.stages import stage_record
from onnxprune.runtime import file_size
from onnxprune.runtime.environment import environment


def summarize(result: Result) -> Report:
    """The report of a finished run; hashes the files that it names."""
    options, measured = result.options, result.measured
    return Report(
        version=VERSION,
        command=command(result),
        environment=environment(options.threads, options.provider),
        source=_file(result.source),
        outputs=[_file(path) for path in result.written],
        target=pieces.aim(result),
        loss=pieces.loss(result),
        before=_counts(result.before, result.source),
        after=_counts(result.after, result.output),
        latency=pieces.latency(measured.latency, measured.shapes) if measured and measured.latency else None,
        fidelity=closeness(measured.fidelity) if measured and measured.fidelity else None,
        data=pieces.given(measured.data) if measured and measured.data else None,
        made_up=options.made_up and options.calibration == MADE_UP,
        not_measured=measured.reason if measured else "not asked for",
        proof=pieces.proof(result),
        repairs=[str(entry["name"]) for entry in result.plan.repairs],
        masks=pieces.masks(result),
        recovery=pieces.recovered(result.recovery) if result.recovery else None,
        passes=pieces.passes(result),
        untried=_untried(result),
        groups=[pieces.width(entry) for entry in result.plan.groups],
        sparse=pieces.sparse(result),
        sparse_layers=pieces.sparse_layers(result),
        sparse_format=options.sparse_format,
        locked=result.locked,
        unknown_ops=dict(sorted(result.unknown.items())),
        warnings=list(result.warnings),
        stages=[stage_record(stage) for stage in result.stages],
    )


def command(result: Result) -> str:
    """The command line that does the same again."""
    if result.command:
        return result.command
    options, target = result.options, result.target
    words = ["onnxprune", "optimize", str(result.source), "-o", str(result.output)]
    if target:
        words += ["--target", f"{target.quantity}={target.fraction:g}"]
    words += ["--max-loss", f"{options.max_loss!r}"] if options.max_loss is not None else []
    words += ["--metric", options.metric] if options.metric else []
    for flag, values in (
        ("--pass", options.passes),
        ("--protect", options.protect),
        ("--only", options.only),
    ):
        words += [word for value in values for word in (flag, value)]
    words += [word for symbol, length in options.data.items() for word in ("--dim", f"{symbol}={length}")]
    if options.plan:
        words += ["--plan", str(options.plan)]
    words += _data(options)
    words += [
        "--criterion",
        options.scored_by,
        *(["--aggregate", options.aggregate] if options.aggregate else []),
        "--budget",
        options.shared_by,
        "--repair",
        result.plan.settings.get("repair", options.repaired_by),
        "--align",
        str(options.align or "auto"),
    ]
    words += ["--sparse-format", options.sparse_format] if options.sparse_format not in ("", "zeros") else []
    if options.search_minutes is not None:
        words += ["--search-minutes", f"{options.search_minutes:g}"]
    if options.masks:
        words += ["--train-masks", options.masks.effort.text, "--mask-method", options.masks.method]
        words += ["--mask-weights" if options.masks.weights else "--no-mask-weights"]
    if options.recover:
        words += ["--recover", options.recover.effort.text, "--recover-mode", options.recover.mode]
        words += ["--recover-rounds", str(options.recover_rounds)] if options.recover_rounds > 1 else []
    words += ["--provider", options.provider, "--threads", str(options.threads), "--seed", str(options.seed)]
    words += ["--no-verify"] * (not options.verify) + ["--no-bench"] * (not options.bench)
    return shlex.join(words)


def _data(options: Options) -> list[str]:
    if options.calibration is None:
        return []
    preprocess = ["--preprocess", str(options.preprocess)] if options.preprocess else []
    return ["--data", options.calibration, "--samples", str(options.samples), *preprocess]


def _file(path: Path) -> File:
    return File(str(path), path.stat().st_size, sha256(path))


def _counts(counts: dict[str, float], model: Path) -> Counts:
    return Counts(round(counts["params"]), round(counts["macs"]), file_size(model, data_files(model)))


def _untried(result: Result) -> list[str]:
    """Passes that took no part, though they could have: those that were not named, or run only if they are."""
    kinds = group_passes()
    own = bool(result.options.passes)
    untried = {name for name, kind in kinds.items() if own or not (kind.default or kind.reserve)}
    return sorted(untried - result.offered.keys())
