"""Limits on latency."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from onnxprune.gate.evidence import Question, State
from onnxprune.gate.finding import Finding
from onnxprune.gate.judges import state
from onnxprune.gate.latency import Timed, alone, race
from onnxprune.gate.limits import LatencyLimit
from onnxprune.gate.work import Work
from onnxprune.report.units import seconds, times


def quick(work: Work) -> Iterator[Finding]:
    """Time the models, as far as that is limited; `work.timed` keeps the comparison."""
    limit = work.limits.latency
    if limit.ratio is not None and work.dense is not None:
        work.progress(f"timing both models in turns, for at most {limit.seconds:g} s")
        question = Question(limit.ratio, limit.detect, limit.false_alarm, limit.missed)
        how = work.conditions, work.feeds()
        timed = partial(race, work.dense, work.model, question, *how, progress=work.progress)
        work.timed = timed(clock=limit.clock, seconds=limit.seconds)
        yield _ratio(work.timed, limit)
    if limit.most is not None:
        yield _absolute(_alone(work) if work.timed is None else work.timed.new, limit.most)


def _alone(work: Work) -> float:
    work.progress("timing the model")
    limit = work.limits.latency
    return alone(work.model, work.conditions, work.feeds(), clock=limit.clock, seconds=limit.seconds)


def _absolute(new: float, most: float) -> Finding:
    texts = "", seconds(new), f"at most {seconds(most)}"
    sentence = f"latency: {seconds(new)} in the median, at most {seconds(most)} allowed"
    return Finding("latency.max", state(new <= most), *texts, sentence, None, new, most)


def _ratio(timed: Timed, limit: LatencyLimit) -> Finding:
    texts = seconds(timed.base), f"{seconds(timed.new)} ({times(timed.ratio)})", f"at most {timed.question.ratio:g} x"
    return Finding("latency.ratio", timed.state, *texts, _told(timed, limit), timed.base, timed.ratio, limit.ratio)


def _told(timed: Timed, limit: LatencyLimit) -> str:
    question = timed.question
    what = "processor time" if timed.clock == "processor" else "time"
    known = f"the {what} is {timed.ratio:.3f} times the baseline model's ({_between(timed)}; {timed.pairs} rounds)"
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
