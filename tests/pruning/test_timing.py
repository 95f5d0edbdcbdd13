"""Targets in time: the search by a machine whose times are a law, and the real one."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest

from onnxprune.budget import Candidate, Cost, Variant, macs
from onnxprune.coupling import Analysis, analyze
from onnxprune.errors import InputError
from onnxprune.graph import from_proto, load, normalize
from onnxprune.pruning import Measurement, Options, Target, optimize
from onnxprune.pruning.decide import Decision, decide
from onnxprune.pruning.optimize import judge_time
from onnxprune.pruning.stopwatch import VARIANTS, Stopwatch
from onnxprune.pruning.timing import SLACK, Timing, aimed
from onnxprune.pruning.timings import Timings, conditions
from onnxprune.runtime import BenchResult, NodeTime, PlainFile, Samples
from tests.nets import CNN
from tests.oracle import build


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    onnx.save(build(CNN), path)
    return path


@dataclass
class Law:
    """A machine that takes some constant and the square root of the multiplications; the estimate is off from that."""

    analysis: Analysis
    estimate: float = 1.0
    trials: list[float] = field(default_factory=list)

    def cost(self, analysis: Analysis, *_: Any) -> Cost:
        whole = macs(analysis)
        return Cost(
            [type(m)(m.label, self.estimate * m.factor / whole.total(), m.axes) for m in whole.monomials], whole=1.0
        )

    def trial(self, candidates: Sequence[Candidate], counts: Mapping[str, int]) -> float:
        whole = macs(self.analysis)
        left = whole.total({c.group.atom: counts[c.group.id] for c in candidates}) / whole.total()
        self.trials.append(0.1 + 0.9 * left**0.5)
        return self.trials[-1]


def _searched(fraction: float, estimate: float) -> tuple[Decision, Law]:
    model = normalize(from_proto(build(CNN)))
    analysis = analyze(model.graph, model.opsets)
    law = Law(analysis, estimate)
    timing = Timing(law, analysis, {}, lambda _: None)  # type: ignore[arg-type]
    target = Target("latency", fraction)

    def made(aim: Target) -> Decision:
        return decide(analysis, Options(target=aim, align=1), Path("model.onnx"), {}, None, timing.cost)

    return timing.search(target, made), law


@pytest.mark.parametrize("fraction", [0.9, 0.7, 0.5])
@pytest.mark.parametrize("estimate", [0.7, 1.0, 1.3])
def test_a_wrong_estimate_is_corrected_by_what_is_seen(fraction: float, estimate: float) -> None:
    decision, law = _searched(fraction, estimate)
    assert decision.met and decision.target == Target("latency", fraction)
    assert decision.fraction == pytest.approx(fraction, rel=SLACK)
    assert decision.fraction in law.trials and len(law.trials) <= 4


def test_a_target_out_of_reach_ends_with_the_fastest() -> None:
    decision, law = _searched(0.101, 1.0)
    assert not decision.met and decision.fraction == min(law.trials)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([], 0.6),
        ([(0.6, 0.8)], 0.45),
        ([(0.6, 0.4)], 0.9),
        ([(0.6, 0.1)], 1.0),
        ([(0.1, 0.05)], 0.3),
        ([(0.36, 0.6 / 2), (0.36 * 4**0.5, 0.6 * 2)], 0.36 * 2**0.5),  # power 1/2
        ([(0.8, 0.9), (0.32, 0.6 * 1.2)], 0.32 / 1.2 ** (math.log(2.5) / math.log(0.9 / 0.72))),
        ([(0.5, 0.7), (0.45, 0.8)], 0.5 * 0.6 / 0.7),  # a smaller aim was slower: noise
    ],
)
def test_the_next_aim(seen: list[tuple[float, float]], expected: float) -> None:
    assert aimed(0.6, seen) == pytest.approx(expected)


def _counts(watch: Stopwatch, source: Path) -> Iterator[dict[str, int]]:
    analysis = _analysed(source)
    candidates = [Candidate(g, np.zeros(g.size), "channels", 16) for g in analysis.prunable]
    watch.cost(analysis, candidates, 0.5, {}, lambda _: None)
    yield from (dict(v.counts) for v in watch.known)


def _analysed(source: Path) -> Analysis:
    model = normalize(load(source))
    return analyze(model.graph, model.opsets)


def test_variants_are_timed_once_on_a_machine(source: Path, kept: Path) -> None:
    watch = Stopwatch(PlainFile(source), Options())
    first = list(_counts(watch, source))
    assert len(first) == VARIANTS
    sizes = {g.id: g.size for g in _analysed(source).prunable}
    assert first[0] == sizes and all(n % 16 == 0 for counts in first[1:] for n in counts.values())
    assert sum(first[-1].values()) < 0.5 * sum(sizes.values())
    assert all(v.ratio > 0 and v.nodes for v in watch.known)
    again = Stopwatch(PlainFile(source), Options())
    assert list(_counts(again, source)) == first and again.known == watch.known
    assert len(list((kept / "latency").iterdir())) == 1
    other = Stopwatch(PlainFile(source), Options(threads=2))
    assert other.known == []


@pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"counts": {"a": "b"}, "ratio": 1, "nodes": []}]', "[{}]"])
def test_a_spoilt_cache_is_done_without(text: str) -> None:
    timings = Timings("key")
    timings.path.parent.mkdir(parents=True)
    timings.path.write_text(text)
    assert timings.load() == []
    kept = Variant({"a": 3}, 0.5, [NodeTime("Conv", "c", ((1, 2),), (), 0.25)])
    timings.save([kept])
    assert timings.load() == [kept]


def test_a_cache_that_cant_be_written(kept: Path) -> None:
    kept.mkdir()
    (kept / "latency").write_text("a file")
    timings = Timings("key")
    timings.save([Variant({}, 1.0, [])])
    assert timings.load() == []


def test_what_times_depend_on(source: Path) -> None:
    model = normalize(load(source))
    key = conditions(model, {"x": [1, 3, 16, 16]}, 1, "cpu")
    assert key == conditions(normalize(load(source)), {"x": [1, 3, 16, 16]}, 1, "cpu")
    for other in ({"x": [2, 3, 16, 16]}, 1, "cpu"), ({"x": [1, 3, 16, 16]}, 2, "cpu"):
        assert key != conditions(model, *other)  # type: ignore[arg-type]
    changed = normalize(from_proto(build(CNN.replace("pads=[1,1,1,1]", 'auto_pad="SAME_UPPER"'))))
    assert key != conditions(changed, {"x": [1, 3, 16, 16]}, 1, "cpu")


@pytest.mark.parametrize("bench", [False, True])
def test_the_main_job_with_a_target_in_time(source: Path, tmp_path: Path, bench: bool) -> None:
    out, target = tmp_path / "out.onnx", Target.parse("latency=0.7")
    stages: list[str] = []
    result = optimize(source, out, Options(target=target, bench=bench), stages.append)
    assert result.target == target and 0 < result.fraction < 5 and result.proof.ok
    assert f"timing variant 1 of {VARIANTS}" in stages and "timing the result, trial 1" in stages
    if bench:
        assert result.measured is not None and result.measured.latency is not None
        assert result.fraction == pytest.approx(1 / result.measured.latency.ratio(1).value)
    else:
        assert result.reached == target.allows(result.fraction)
    plan = tmp_path / "plan.json"
    plan.write_text(result.plan.to_json())
    again = optimize(source, tmp_path / "again.onnx", Options(target=target, plan=plan, bench=False))
    assert (tmp_path / "again.onnx").read_bytes() == out.read_bytes() and again.fraction > 0


def test_a_limit_of_the_loss_over_time(source: Path, tmp_path: Path) -> None:
    samples = tmp_path / "data.npz"
    np.savez(samples, x=np.random.default_rng(0).standard_normal((16, 3, 16, 16)).astype(np.float32))
    options = Options(target=Target.parse("latency=0.5"), calibration=str(samples), max_loss=0.5, bench=False)
    result = optimize(source, tmp_path / "out.onnx", options)
    assert result.search is not None and result.search.trials and result.target == options.target
    assert json.loads(result.plan.to_json())["groups"]


@pytest.mark.parametrize("text", ["latency=0", "latency=1.5", "latency", "time=0.5"])
def test_bad_targets(text: str) -> None:
    with pytest.raises(InputError, match="target"):
        Target.parse(text)


@pytest.mark.parametrize(
    ("trial_met", "pruned", "expected"),
    [
        (True, [0.5, 0.5, 0.5, 0.5], True),
        (False, [0.5, 0.5, 0.5, 0.5], True),
        (True, [0.9, 0.9, 0.9, 0.9], False),
        (True, [0.5, 0.9, 0.9, 0.5, 0.9], True),  # the interval reaches down to 0.5
        (False, [0.5, 0.9, 0.9, 0.5, 0.9], False),
    ],
)
@pytest.mark.parametrize("zeros", [False, True])
def test_the_last_measurement_decides(trial_met: bool, pruned: list[float], expected: bool, zeros: bool) -> None:
    """By time on the wall; zeros were chosen by processor time, and are judged by that."""
    dense, other = Samples((1.0,) * len(pruned), (1.0,) * len(pruned)), (7.0,) * len(pruned)
    clocks = (other, tuple(pruned)) if zeros else (tuple(pruned), other)
    timed = BenchResult(("dense", "pruned"), (dense, Samples(*clocks)))
    measured = Measurement((1, 1), timed, None, {})
    target = Target("latency", 0.5)
    how = {"plan": SimpleNamespace(sparse=[{}] if zeros else []), "options": Options()}
    result = SimpleNamespace(measured=measured, target=target, fraction=0.5, reached=trial_met, **how)
    judge_time(result)  # type: ignore[arg-type]
    assert result.reached is expected and result.fraction == pytest.approx(np.median(pruned))
