"""The smallest model whose loss is under a limit: real runs on small models."""

from __future__ import annotations

import json
import math
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import onnx
import pytest

from onnxprune.errors import InputError
from onnxprune.pruning import Options, Result, Search, Target, Trial, optimize
from onnxprune.pruning.measure import measure
from onnxprune.pruning.search import aims
from onnxprune.report import command, markdown, schema, summarize
from tests.oracle import build
from tests.pruning.smooth import smooth

NET = """agraph (float[n,3,8,8] x) => (float[n,3,8,8] y)
<float[64,3,3,3] a, float[64] u, float[64,64,3,3] b, float[3,64,1,1] c>
{
  h = Conv<pads=[1,1,1,1]>(x, a, u)
  r = Relu(h)
  k = Conv<pads=[1,1,1,1]>(r, b)
  t = Relu(k)
  y = Conv(t, c)
}"""

METRICS = """
calls = 0

def near(run):
    global calls
    calls += 1
    import numpy as np
    x = np.cumsum(np.random.default_rng(5).standard_normal((8, 3, 8, 8)), axis=2).astype(np.float32)
    y = run({"x": x})["y"]
    first = globals().setdefault("_first", y)
    return 2 - float(np.abs(y - first).mean() / np.abs(first).mean())

def zero(run): return 0
def text(run): return "good"
def nothing(run): return float("nan")
def breaks(run): raise KeyError("labels.npy")
def misnames(run): return run({"picture": None})

def only_dense(run):
    global calls
    calls += 1
    return 1.0 if calls == 1 else float("nan")
"""

STEEP = "def steep(run, seen=[]): seen.append(1); return 1.0 if len(seen) < 5 else .2"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    onnx.save(build(NET), tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


@pytest.fixture
def data(tmp_path: Path) -> str:
    return smooth(tmp_path, 8)


@pytest.fixture
def metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "mine.py").write_text(METRICS)
    monkeypatch.chdir(tmp_path)
    return "mine"


def _run(source: Path, name: str = "out.onnx", **options: Any) -> Result:
    return optimize(source, source.parent / name, Options(bench=False, **options))


def _searched(result: Result) -> Search:
    assert result.search is not None
    return result.search


def test_the_smallest_within_the_limit_is_found(source: Path, data: str) -> None:
    told: list[str] = []
    options = Options(bench=False, calibration=data, max_loss=0.02)
    result = optimize(source, source.parent / "out.onnx", options, told.append)
    found = _searched(result)
    assert result.met and result.proof.status == "proved" and result.target is None
    within = [t for t in found.trials if t.loss <= 0.02]
    over = [t for t in found.trials if t.loss > 0.02]
    assert within and over and min(t.macs for t in within) == result.after["macs"] / result.before["macs"]
    assert found.loss == min(within, key=lambda t: t.macs).loss
    assert min(t.target for t in within) - max(t.target for t in over) < 0.0201, "both sides of the limit were seen"
    assert f"trying macs=0.5: loss {found.trials[0].loss:.3g}" in told
    assert [p.name for p in sorted(source.parent.iterdir())] == ["calib.npz", "model.onnx", "out.onnx"]


def test_the_loss_is_that_of_the_written_file_on_data_held_out(source: Path, data: str) -> None:
    from onnxprune.calibration import open_data
    from onnxprune.runtime import InputSpec

    result = _run(source, calibration=data, max_loss=0.02)
    held = open_data(data, [InputSpec("x", "float32", ("n", 3, 8, 8))]).split()[1]
    found = measure(result.source, result.output, Options(), held, rounds=1).fidelity
    assert found is not None and _searched(result).loss == found.loss == 1 - found.worst.cosine > 0


def test_a_target_alone_makes_the_same_file_and_data_are_looked_at_once(
    source: Path, data: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = import_module("onnxprune.pruning.evidence")
    looks: list[object] = []
    collect = room.collect
    monkeypatch.setattr(room, "collect", lambda *a, **k: looks.append(a) or collect(*a, **k))
    result = _run(source, calibration=data, max_loss=0.02)
    assert len(_searched(result).trials) > 2 and len(looks) == 1
    best = min((t for t in _searched(result).trials if t.loss <= 0.02), key=lambda t: t.target)
    alone = _run(source, "alone.onnx", calibration=data, target=Target("macs", best.target))
    assert alone.output.read_bytes() == result.output.read_bytes()


def test_two_runs_write_the_same_bytes(source: Path, data: str) -> None:
    one, two = (_run(source, f"{name}.onnx", calibration=data, max_loss=0.01) for name in ("one", "two"))
    assert one.output.read_bytes() == two.output.read_bytes()
    assert one.plan.to_json() == two.plan.to_json() and one.search == two.search


def test_a_plan_searches_nothing(source: Path, data: str, tmp_path: Path) -> None:
    first = _run(source, calibration=data, max_loss=0.02)
    plan = tmp_path / "plan.json"
    plan.write_text(first.plan.to_json())
    again = _run(source, "again.onnx", calibration=data, plan=plan)
    assert again.output.read_bytes() == first.output.read_bytes() and again.search is None
    judged = _run(source, "judged.onnx", calibration=data, plan=plan, max_loss=0.0)
    (trial,) = _searched(judged).trials
    assert trial.loss == _searched(first).loss and not judged.met
    assert judged.output.read_bytes() == first.output.read_bytes()


def test_the_target_is_the_least_that_is_aimed_at(source: Path, data: str) -> None:
    easy = _run(source, calibration=data, max_loss=0.9, target=Target("params", 0.7))
    assert [t.target for t in _searched(easy).trials] == [0.7] and easy.met and 0.6 < easy.fraction <= 0.7
    hard = _run(source, calibration=data, max_loss=0.02, target=Target("macs", 0.1))
    assert not hard.met and not hard.reached and _searched(hard).met and hard.fraction > 0.1
    assert _searched(hard).trials[0].target == 0.1


def test_where_nothing_is_within_the_limit_the_mildest_is_written(source: Path, data: str) -> None:
    result = _run(source, calibration=data, max_loss=0.0)
    found = _searched(result)
    assert not result.met and result.reached and result.output.exists() and result.proof.ok
    assert result.fraction == max(t.macs for t in found.trials) > 0.9


def test_the_report_tells_limit_loss_and_trials(source: Path, data: str) -> None:
    result = _run(source, calibration=data, max_loss=0.02)
    report = summarize(result)
    body = json.loads(report.to_json())
    jsonschema.validate(body, schema())
    assert body["loss"]["limit"] == 0.02 and body["loss"]["met"] and body["loss"]["metric"] == ""
    assert (body["loss"]["quantity"], body["loss"]["aim"]) == (
        "macs",
        min(t["target"] for t in body["loss"]["trials"] if t["loss"] <= 0.02),
    )
    assert [set(t) for t in body["loss"]["trials"]] == [{"target", "macs", "loss", "found"}] * len(
        _searched(result).trials
    )
    assert "--max-loss 0.02 --data" in command(result) and "--target" not in command(result)
    assert "- loss: " in markdown(report) and "within the limit of 2.0 %" in markdown(report)
    body["loss"]["trials"] = []
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(body, schema())


def test_a_metric_of_the_users_says_what_the_loss_is(source: Path, metrics: str) -> None:
    result = _run(source, metric=f"{metrics}:near", max_loss=0.3)
    found, module = _searched(result), import_module(metrics)
    assert result.met and found.before == 2.0 and found.after is not None
    assert found.loss == (2.0 - found.after) / 2.0 > 0
    assert module.calls == 1 + len(found.trials), "the dense model is judged once"
    assert "--max-loss 0.3 --metric mine:near" in command(result)
    assert f"mine:near {found.after:.4g}, was 2" in markdown(summarize(result)).replace("\\", "")


def test_a_metric_that_is_no_number_is_no_small_loss(source: Path, metrics: str) -> None:
    result = _run(source, metric=f"{metrics}:only_dense", max_loss=0.3)
    assert not result.met and _searched(result).loss == math.inf
    jsonschema.validate(json.loads(summarize(result).to_json()), schema())
    assert "no number" in markdown(summarize(result))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mine:zero", "the dense model's quality is 0, so"),
        ("mine:nothing", "the dense model's quality is nan"),
        ("mine:text", "should return a number, and returned a str"),
        ("mine:breaks", "mine:breaks: the function failed with KeyError: 'labels.npy'"),
        ("mine:misnames", "the function failed with .*picture"),
        ("mine:nera", "mine has no function nera; did you mean near or zero?"),
        ("nowhere_to_be_found:near", "can't import nowhere_to_be_found"),
        ("mine.py", "--metric mine.py: should read MODULE:FUNCTION"),
    ],
)
@pytest.mark.usefixtures("metrics")
def test_a_metric_of_no_use_is_told_before_any_work(source: Path, name: str, text: str) -> None:
    with pytest.raises(InputError, match=text.replace("?", "\\?")):
        _run(source, metric=name, max_loss=0.1)
    assert not (source.parent / "out.onnx").exists()


def test_rounding_breaks_no_limit() -> None:
    assert 1 - 0.95 > 0.05 and Search(0.05, loss=1 - 0.95).met and not Search(0.05, loss=0.051).met


def test_a_cliff_is_told() -> None:
    steep = Search(0.01, trials=[Trial(0.5, 0.49, 0.3), Trial(0.56, 0.56, 0.06), Trial(0.62, 0.62, 0.004)])
    assert steep.cliffs() == ["between macs=0.62 and macs=0.56 the loss jumps from 0.4 % to 6 %"]
    assert Search(0.1, trials=[Trial(0.9, 0.9, 0.0), Trial(0.85, 0.85, 0.015)]).cliffs() == [], "noise around nothing"
    assert Search(0.1, trials=[Trial(0.9, 0.9, 0.01), Trial(0.7, 0.7, 0.3)]).cliffs() == [], "a large step"
    assert Search(0.1, trials=steep.trials, grain=1 / 16).cliffs() == [], "less than five answers"
    (broken,) = Search(0.1, trials=[Trial(0.9, 0.9, 0.01), Trial(0.88, 0.88, math.inf)]).cliffs()
    assert broken.endswith("from 1 % to no number")


CLASSES = NET.replace("float[n,3,8,8] y", "float[n,3] y").replace(
    "y = Conv(t, c)", "o = Conv(t, c)\n  p = GlobalAveragePool(o)\n  y = Flatten(p)"
)


def test_too_few_data_for_the_limit_are_told(tmp_path: Path, data: str) -> None:
    onnx.save(build(CLASSES), tmp_path / "classes.onnx")
    aim = Target("macs", 0.9)
    result = _run(tmp_path / "classes.onnx", calibration=data, max_loss=0.02, target=aim)
    assert result.warnings[0] == "one answer is 3.12 % of the data held out, so the limit lets none change"
    fine = _run(tmp_path / "classes.onnx", calibration=data, max_loss=0.1, target=aim)
    assert fine.warnings == [] and (32 * _searched(fine).loss).is_integer()


def test_a_cliff_is_a_warning(source: Path, metrics: str) -> None:
    (source.parent / "mine.py").write_text(STEEP)
    result = _run(source, metric=f"{metrics}:steep", max_loss=0.1)
    assert [w for w in result.warnings if "the loss jumps from 0 % to 80 %" in w]


def test_what_may_be_tried() -> None:
    assert aims(None)[0] == 0.02 and aims(None)[-1] == 0.98 and len(aims(None)) == 49
    assert aims(Target("macs", 0.945)) == [0.945, 0.96, 0.98] and aims(Target("macs", 1.0)) == [1.0]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"max_loss": 0.1}, "--max-loss needs data"),
        ({"max_loss": 5.0, "calibration": "calib.npz"}, "--max-loss 5: should be a fraction"),
        ({"max_loss": math.nan, "calibration": "calib.npz"}, "--max-loss nan"),
        ({"metric": "mine:near"}, "needs a limit"),
        ({"max_loss": 0.1, "calibration": "calib.npz", "passes": ("channels{ratio=0.5}",)}, "no pass can have a ratio"),
    ],
)
def test_limits_that_make_no_sense(source: Path, options: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        _run(source, **options)
