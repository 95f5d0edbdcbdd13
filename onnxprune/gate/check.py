"""Holding a model against a recorded baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from onnxprune.errors import InputError
from onnxprune.gate.baseline import Baseline, read
from onnxprune.gate.evidence import Question, State
from onnxprune.gate.figures import Conditions, Figures, figures
from onnxprune.gate.finding import Checked, Finding
from onnxprune.gate.judges import counted, faithful, listed, state
from onnxprune.gate.latency import Timed, alone, race
from onnxprune.gate.limits import LatencyLimit, Limits
from onnxprune.pruning.plan import digests
from onnxprune.report.build import closeness, given
from onnxprune.report.feeds import common_data, common_feeds
from onnxprune.report.record import Closeness, Given
from onnxprune.report.units import seconds, times
from onnxprune.runtime import Feeds, compare_models
from onnxprune.runtime.environment import environment

Progress = Callable[[str], None]


@dataclass(slots=True)
class _Work:
    """What the steps of a check share; dense: the baseline's model, where it's at hand."""

    model: Path
    baseline: Path
    recorded: Baseline
    limits: Limits
    conditions: Conditions
    dense: Path | None
    feeds: Feeds
    progress: Progress
    warnings: list[str] = field(default_factory=list)
    timed: Timed | None = None
    close: Closeness | None = None
    data: Given | None = None

    def memory(self) -> bool:
        return self.limits.memory.asked


def check(
    model: Path | str,
    baseline: Path | str,
    limits: Limits | None = None,
    *,
    dense: Path | str | None = None,
    progress: Progress = lambda _: None,
) -> Checked:
    """Whether a model keeps the limits (None: nothing may get worse than the baseline).

    baseline: a file that `record` wrote; dense: the model that it was recorded of, where it isn't where it was. Raises
    InputError where something that a limit needs isn't there or doesn't run.
    """
    limits = limits or Limits.of()
    path, recorded = Path(baseline), read(baseline)
    how = _conditions(recorded.conditions, limits)
    base = _dense(recorded, path, limits, Path(dense) if dense is not None else None)
    one = Path(model)
    feeds = _feeds(one, base, how) if _runs(limits) else {}
    work = _Work(one, path, recorded, limits, how, base, feeds, progress)
    findings = [*_figures(work), *_fidelity(work), *_latency(work)]
    undecided_fails = limits.latency.undecided == "fail"
    failing = {State.NOT_MET, State.UNDECIDED} if undecided_fails else {State.NOT_MET}
    return Checked(
        model=str(one),
        baseline=str(path),
        dense=str(base or ""),
        met=not any(finding.state in failing for finding in findings),
        undecided_fails=undecided_fails,
        environment=environment(how.threads, how.provider),
        findings=findings,
        latency=work.timed,
        fidelity=work.close,
        data=work.data,
        warnings=work.warnings,
    )


def _conditions(recorded: Conditions, limits: Limits) -> Conditions:
    return Conditions(
        dims=recorded.dims if limits.dims is None else limits.dims,
        threads=limits.threads or recorded.threads,
        provider=limits.provider or recorded.provider,
        seed=recorded.seed if limits.seed is None else limits.seed,
    )


def _runs(limits: Limits) -> bool:
    """Whether a model has to be run for these limits."""
    return limits.memory.asked or limits.latency.asked or limits.fidelity.asked


def _dense(recorded: Baseline, path: Path, limits: Limits, named: Path | None) -> Path | None:
    """The baseline's model. Raises InputError where a limit needs it and it isn't there or has changed."""
    needed = limits.latency.ratio is not None or limits.fidelity.asked
    model = named or recorded.model_path(path.parent)
    if not model.is_file():
        if named or needed:
            raise InputError(f"{model}: the baseline's model isn't there; --dense says where it is")
        return None
    if digests(model) != recorded.model.sha256:
        if named or needed:
            raise InputError(f"{model}: isn't the model that {path} was recorded of; record it again, or give --dense")
        return None
    return model


def _feeds(model: Path, dense: Path | None, how: Conditions) -> Feeds:
    models = [dense, model] if dense else [model]
    return common_feeds(models, dims=how.dims, provider=how.provider, threads=how.threads, seed=how.seed)


def _figures(work: _Work) -> Iterator[Finding]:
    work.progress("looking at the model")
    new = figures(work.model, work.conditions, memory=work.memory(), feeds=work.feeds)
    base = _base(work)
    yield from counted(work.limits, base, new)
    yield from listed(work.limits, base, new)


def _base(work: _Work) -> Figures:
    """The recorded figures; memory is measured anew where it can be, because it depends on ONNX Runtime's version."""
    if not work.memory() or work.dense is None:
        return work.recorded.figures
    here = figures(work.dense, work.conditions, feeds=work.feeds)
    return replace(work.recorded.figures, peak_memory=here.peak_memory)


def _fidelity(work: _Work) -> Iterator[Finding]:
    limit, how = work.limits.fidelity, work.conditions
    if not limit.asked or work.dense is None:
        return
    work.progress("comparing outputs")
    told, pictures, samples = _which_data(work)
    models, calls = [work.dense, work.model], None
    if told is not None:
        calls = common_data(
            models, told, feeds=work.feeds, samples=samples, preprocess=pictures, dims=how.dims, seed=how.seed
        )
        work.data = given(calls)
        work.warnings += [*calls.warnings, *_other_data(work)]
    found = compare_models(*models, feeds_list=calls or [work.feeds], threads=how.threads, provider=how.provider)
    work.close = closeness(found)
    yield from faithful(limit, work.close.worst, found.loss)


def _which_data(work: _Work) -> tuple[str | None, Path | None, int]:
    """What data to open: those that the limits name, else those that were recorded."""
    limit, recorded = work.limits.fidelity, work.recorded
    pictures = limit.preprocess if limit.data is not None else recorded.preprocess
    told = limit.data if limit.data is not None else recorded.data.name if recorded.data else None
    samples = limit.samples or (recorded.data.samples if recorded.data and limit.data is None else 512)
    return told, Path(pictures) if pictures else None, samples


def _other_data(work: _Work) -> Iterator[str]:
    recorded, now = work.recorded.data, work.data
    if recorded and now and now.name == recorded.name and now.sha256 != recorded.sha256:
        yield f"{now.name}: has changed since {work.baseline} was recorded"


def _latency(work: _Work) -> Iterator[Finding]:
    limit = work.limits.latency
    if not limit.asked:
        return
    work.progress("timing both models in turns")
    new: float | None = None
    if limit.ratio is not None and work.dense is not None:
        question = Question(limit.ratio, limit.detect, limit.false_alarm, limit.missed)
        work.timed = race(
            work.dense,
            work.model,
            question,
            work.conditions,
            work.feeds,
            clock=limit.clock,
            seconds=limit.seconds,
            progress=lambda n: work.progress(f"timing both models in turns, pair {n}"),
        )
        new = work.timed.new
        yield _ratio(work.timed, limit)
    if limit.most is not None:
        if new is None:
            new = alone(work.model, work.conditions, work.feeds, clock=limit.clock, seconds=limit.seconds)
        texts = "", seconds(new), f"at most {seconds(limit.most)}"
        sentence = f"latency: {seconds(new)} in the median, at most {seconds(limit.most)} allowed"
        yield Finding("latency.max", state(new <= limit.most), *texts, sentence, None, new, limit.most)


def _ratio(timed: Timed, limit: LatencyLimit) -> Finding:
    texts = seconds(timed.base), f"{seconds(timed.new)} ({times(timed.ratio)})", f"at most {timed.question.ratio:g} x"
    numbers = timed.base, timed.ratio, timed.question.ratio
    return Finding("latency.ratio", timed.state, *texts, _told(timed, limit), *numbers)


def _told(timed: Timed, limit: LatencyLimit) -> str:
    question = timed.question
    what = "processor time" if timed.clock == "processor" else "time"
    known = f"the {what} is {timed.ratio:.3f} times the baseline model's ({_between(timed)}; {timed.pairs} pairs)"
    if timed.state is State.NOT_MET:
        risk = f"false alarms at most {100 * question.false_alarm:g} %"
        return f"latency: {known}, and it's shown to be above {question.ratio:g} ({risk})"
    if timed.state is State.MET:
        risk = f"wrong at most {100 * question.missed:g} %"
        return f"latency: {known}, and it's shown to be below {question.detect:g} ({risk})"
    edges = f"neither above {question.ratio:g} nor below {question.detect:g} is shown"
    return f"latency: not decided within {limit.seconds:g} s: {known}, {edges}"


def _between(timed: Timed) -> str:
    low = "?" if timed.low is None else f"{timed.low:.3f}"
    high = "?" if timed.high is None else f"{timed.high:.3f}"
    return f"{low} to {high}"
