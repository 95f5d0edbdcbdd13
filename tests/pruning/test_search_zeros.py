"""Most zeros under a limit of loss, and the fastest of units and zeros: real runs, and times that are a law."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import numpy as np
import pytest

from onnxprune.errors import InputError
from onnxprune.pruning import Options, Result, Search, Target, Trial, optimize
from onnxprune.pruning.evidence import Evidence
from onnxprune.pruning.loss import Judge
from onnxprune.pruning.mixtures import POWERS
from onnxprune.pruning.over import Over
from onnxprune.pruning.search import _Search
from onnxprune.pruning.stopwatch import Stopwatch
from onnxprune.report import command, markdown, schema, summarize
from onnxprune.report.html.charts import tried
from onnxprune.report.sentences import searched
from onnxprune.runtime import PlainFile, plugin
from tests.pruning.law import law, samples, source

__all__ = ["law", "source"]  # the fixtures

PASS = "sparsify{pattern=8x1,ends=true,least=1000,order=false}"
LIMIT = 0.1


@pytest.fixture
def data(tmp_path: Path) -> str:
    return samples(tmp_path / "data")


def _run(source: Path, *passes: str, name: str = "out.onnx", **options: Any) -> Result:
    how = {"max_loss": LIMIT, **options}
    return optimize(source, source.parent / name, Options(passes=passes or (PASS,), bench=False, **how))


def _searched(result: Result) -> Search:
    assert result.search is not None
    return result.search


def test_the_most_zeros_within_the_limit_are_found(source: Path, data: str) -> None:
    result = _run(source, calibration=data)
    found = _searched(result)
    assert result.met and result.proof.status == "proved" and found.quantity == "sparsity" and found.aim is not None
    assert 0.1 < found.aim < 0.98 and result.target is None and result.reached
    within = [trial for trial in found.trials if trial.loss <= LIMIT]
    assert max(trial.target for trial in within) == found.aim and found.loss == max(trial.loss for trial in within)
    assert [trial.macs for trial in found.trials] == [1.0] * len(found.trials)
    for trial in found.trials:
        assert trial.found == pytest.approx(trial.target, abs=0.02)
    size, zeros = (sum(entry[key] for entry in result.plan.sparse) for key in ("size", "zeros"))
    assert zeros / size == next(trial.found for trial in within if trial.target == found.aim)


def test_it_is_what_that_sparsity_makes_and_a_step_more_is_too_much(source: Path, data: str) -> None:
    result = _run(source, calibration=data)
    found, options = _searched(result), Options(bench=False, calibration=data)
    made: dict[float, Path] = {}
    for sparsity in (found.aim or 0.0, round((found.aim or 0.0) + 0.02, 2)):
        text = PASS.replace("}", f",sparsity={sparsity:g}}}")
        made[sparsity] = _run(source, text, name=f"{sparsity}.onnx", calibration=data, max_loss=None).output
    alone, more = made.values()
    assert alone.read_bytes() == result.output.read_bytes()
    judge = Judge(source, options, Evidence(PlainFile(source, None, 0), options).held_out)
    assert judge(alone)[0] == found.loss <= LIMIT < judge(more)[0]


def test_the_plan_does_the_same_again(source: Path, data: str, tmp_path: Path) -> None:
    first = _run(source, calibration=data)
    found = _searched(first)
    told = first.plan.decided["loss"]
    assert told.startswith(f"sparsity={found.aim:g} in {len(found.trials)} trials, a loss of 0.0")
    (tmp_path / "plan.json").write_text(first.plan.to_json())
    how: dict[str, Any] = {"plan": tmp_path / "plan.json", "calibration": data}
    again = _run(source, name="again.onnx", max_loss=None, **how)
    assert again.output.read_bytes() == first.output.read_bytes() and not again.warnings and again.search is None
    assert again.plan.decided["loss"] == told
    judged = _run(source, name="judged.onnx", **how)
    (trial,) = _searched(judged).trials
    assert judged.met and trial.loss == found.loss and _searched(judged).aim is None


def test_nothing_within_the_limit(source: Path, data: str) -> None:
    """The fewest zeros that were tried are written."""
    result = _run(source, "channels{ratio=0.1}", PASS, calibration=data, max_loss=0.0)
    found = _searched(result)
    assert not result.met and result.reached and found.aim == 0.02 == min(trial.target for trial in found.trials)
    assert result.output.exists() and result.proof.ok


def test_all_is_within_the_limit(source: Path, data: str) -> None:
    assert _searched(_run(source, calibration=data, max_loss=0.999)).aim == 0.98


def test_layers_that_gain_too_little_stay_dense_meanwhile(source: Path, data: str, law: SimpleNamespace) -> None:
    """With few zeros all do, which loses nothing; the share of zeros is that of all that could have some."""
    text = PASS.replace("}", ",where=faster,min_gain=1.5}")
    many = _run(source, text, calibration=data, max_loss=0.3)
    assert many.met and many.plan.sparse and _searched(many).trials[0].found > 0.4 and not law.trials
    few = _run(source, text, calibration=data)
    found = _searched(few)
    dense = [trial for trial in found.trials if trial.target < 0.5]
    assert len(dense) > 2 and {(trial.found, trial.loss) for trial in dense} == {(0.0, 0.0)}
    assert few.met and not few.plan.sparse and len(few.plan.dense) == 3
    none, cliff = few.warnings
    assert none.startswith("no weight is made sparse: no layer would be so much faster on this machine")
    assert cliff.startswith("between sparsity=0.48 and sparsity=0.5 the loss jumps from 0 % to ")
    assert "found" in dict(searched(summarize(many))) and "found" not in dict(searched(summarize(few)))


def test_units_by_a_ratio_and_zeros_as_far_as_they_go(source: Path, data: str) -> None:
    alone, both = (
        _run(source, *more, PASS, calibration=data, max_loss=0.5, name=f"{len(more)}.onnx")
        for more in ([], ["channels{ratio=0.1}"])
    )
    assert both.plan.groups and both.met and _searched(both).quantity == "sparsity"
    assert 0 < (_searched(both).aim or 0) <= (_searched(alone).aim or 0)


def test_patterns_that_say_how_many_zeros_keep_theirs(source: Path, data: str) -> None:
    """The others are searched for."""
    result = _run(source, "sparsify{pattern=2:4,least=7000}", PASS, calibration=data, max_loss=0.3)
    shares = {entry["initializer"]: (entry["pattern"], entry["sparsity"]) for entry in result.plan.sparse}
    assert shares["b"] == ("2:4", 0.5) and {shares["a"][0], shares["c"][0]} == {"8x1"}
    assert _searched(result).aim is not None and len(_searched(result).trials) > 3
    with pytest.raises(InputError, match="other passes take all layers before those that leave the sparsity open"):
        _run(source, PASS.replace("}", ",sparsity=0.5}"), "sparsify{least=1000,ends=true}", calibration=data)


def test_the_report_tells_zeros_and_trials(source: Path, data: str) -> None:
    result = _run(source, calibration=data)
    report, found = summarize(result), _searched(result)
    body = json.loads(report.to_json())
    jsonschema.validate(body, schema())
    assert (body["loss"]["quantity"], body["loss"]["aim"]) == ("sparsity", found.aim)
    rows = dict(searched(report))
    assert rows["found"] == f"sparsity={found.aim:g}" and "macs=" not in rows["tried"]
    order = [float(part.split("=")[1].split(":")[0]) for part in rows["tried"].split(", ")]
    assert order == sorted(order) and len(order) == len(found.trials)
    assert f"sparsity={found.aim:g}" in markdown(report)
    spec = tried(report)
    assert spec is not None and spec["layer"][0]["encoding"]["x"]["field"] == "sparsity"
    assert {row["sparsity"] for row in spec["data"]["values"]} == set(order)
    assert f"--max-loss 0.1 --pass '{PASS}'" in command(result)


def test_cliffs_lie_where_a_few_zeros_more_cost_much() -> None:
    trials = [Trial(0.5, 1.0, 0.3, 0.5), Trial(0.26, 1.0, 0.004, 0.26), Trial(0.44, 1.0, 0.01, 0.44)]
    steep = Search(0.02, trials=trials, quantity="sparsity")
    assert steep.cliffs() == ["between sparsity=0.44 and sparsity=0.5 the loss jumps from 1 % to 30 %"]
    timed = replace(steep, quantity="latency", trials=[Trial(0.5, 1.0, 0.3, 0.52), Trial(0.6, 1.0, 0.01, 0.59)])
    assert timed.cliffs() == ["between latency=0.59 and latency=0.52 the loss jumps from 1 % to 30 %"]


# ------------------------------------------------------------------------------------------------------- time


def test_zeros_for_the_least_time_within_the_limit(source: Path, data: str, law: SimpleNamespace) -> None:
    how: dict[str, Any] = {"calibration": data, "target": Target("latency", 0.3)}
    result = _run(source, max_loss=0.25, **how)
    found = _searched(result)
    assert found.quantity == "latency" and found.met and not result.reached and not result.met
    assert found.trials[0].target == 0.3 and found.trials[0].loss > 0.25
    within = [trial.found for trial in found.trials if trial.loss <= 0.25]
    assert result.fraction == min(within) and result.fraction in law.trials
    body = json.loads(summarize(result).to_json())
    jsonschema.validate(body, schema())
    assert body["target"]["quantity"] == body["loss"]["quantity"] == "latency"
    easy = _run(source, max_loss=0.9, **how)
    assert easy.met and [trial.target for trial in _searched(easy).trials] == [0.3]


def _mixing(
    losses: dict[float, float], slow: frozenset[float], limit: float, tmp_path: Path
) -> tuple[_Search, list[float]]:
    """A search whose mixtures, by the power of the target that units have, lose what is said; some miss the target."""
    made: list[float] = []
    search = object.__new__(_Search)
    search.over, search.found, search.output = Over("latency", mixed=True), Search(limit), tmp_path / "out.onnx"
    search.evidence = SimpleNamespace(share=None, power=None)  # type: ignore[assignment]
    search.progress = lambda _: None
    search.judge = lambda place: (losses[float(place.read_text())], None)  # type: ignore[assignment]

    def pruned(evidence: Any, output: Path, place: Path, progress: Any, target: Target) -> Any:
        power = 0.0 if evidence.share is None else np.log(evidence.share) / np.log(target.fraction)
        made.append(min(POWERS, key=lambda one: abs(one - power)))
        place.write_text(str(made[-1]))
        missed = made[-1] in slow
        return SimpleNamespace(result=SimpleNamespace(reached=not missed, fraction=target.fraction + 0.1 * missed))

    search.__dict__["pruned"] = pruned
    return search, made


@pytest.fixture
def trial(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "trial").mkdir()
    yield tmp_path / "trial" / "out.onnx"
    assert [file.name for file in (tmp_path / "trial").iterdir()] == ["out.onnx"]


def test_the_first_mixture_within_the_limit_will_do(
    trial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third, units = POWERS
    losses = {first: 0.3, second: 0.04, third: 0.01, units: 0.2}
    search, made = _mixing(losses, frozenset(), 0.05, tmp_path)
    monkeypatch.setattr("onnxprune.pruning.mixtures.prune", search.__dict__["pruned"])
    for aim, made_for in ((0.5, [first, second]), (0.4, [second])):  # what was best is tried first the next time
        made.clear()
        best = search._made(aim, trial, "trying")
        assert (best.power, best.loss, made) == (second, 0.04, made_for)


@pytest.mark.parametrize(
    ("slow", "best"),
    [
        ((), 2 / 3),  # all over the limit: the least loss
        ((0.0, 2 / 3), 1 / 3),  # the least of those that meet the target
        (POWERS, 2 / 3),
    ],
)
def test_where_no_mixture_is_within_the_limit(
    slow: tuple[float, ...], best: float, trial: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = dict(zip(POWERS, (0.3, 0.2, 0.1, 0.4), strict=True))
    search, made = _mixing(losses, frozenset(slow), 0.15 if len(slow) == 4 else 0.05, tmp_path)
    monkeypatch.setattr("onnxprune.pruning.mixtures.prune", search.__dict__["pruned"])
    assert search._made(0.5, trial, "trying").power == best and made == list(POWERS)


def test_units_and_zeros_within_the_limit(
    source: Path, data: str, law: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Zeros alone are within it for the mildest aims, so nothing of units need be timed; the plan tells all."""
    monkeypatch.setattr(Stopwatch, "_time", lambda *_: pytest.fail("timed"))
    monkeypatch.setattr("onnxprune.pruning.mixtures.POWERS", (0.0,))
    monkeypatch.setattr("onnxprune.pruning.search.POWERS", (0.0,))
    result = _run(source, "channels", PASS, calibration=data, max_loss=0.25, sparse_format="op")
    found = _searched(result)
    assert found.quantity == "latency" and result.met and result.target is None and law.trials
    assert result.plan.decided["loss"].startswith("latency=0.") and result.plan.sparse
    (tmp_path / "plan.json").write_text(result.plan.to_json())
    again = _run(
        source, name="again.onnx", plan=tmp_path / "plan.json", calibration=data, max_loss=None, sparse_format="op"
    )
    assert again.output.read_bytes() == result.output.read_bytes()


def test_on_this_machine(source: Path, data: str) -> None:
    """Whatever it finds is what is told of it."""
    if not plugin.available():
        pytest.skip("the plug-in isn't installed")
    result = _run(source, "channels", PASS, calibration=data, max_loss=0.3, target=Target("latency", 0.8))
    found = _searched(result)
    assert result.proof.status == "proved" and found.trials[0].target == 0.8 and result.fraction > 0
    assert result.met == (found.loss <= 0.3 and result.reached)
    jsonschema.validate(json.loads(summarize(result).to_json()), schema())
