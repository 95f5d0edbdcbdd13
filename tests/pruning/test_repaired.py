"""The main job with data: what is chosen, repaired, told and done again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from onnxprune.errors import InputError
from onnxprune.pruning import Options, Result, Target, optimize
from onnxprune.pruning.measure import measure
from tests.oracle import build
from tests.pruning.smooth import smooth

NET = """agraph (float[n,3,12,12] x) => (float[n,10] y)
<float[48,3,3,3] a, float[48] u, float[48,48,3,3] b, float[64,48,1,1] c, float[10,64] fc>
{
  h = Conv<pads=[1,1,1,1]>(x, a, u)
  r = Relu(h)
  k = Conv<pads=[1,1,1,1]>(r, b)
  s = Add(r, k)
  t = Relu(s)
  v = Conv(t, c)
  w = Relu(v)
  g = GlobalAveragePool(w)
  f = Flatten(g)
  y = Gemm<transB=1>(f, fc)
}"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    onnx.save(build(NET), tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


@pytest.fixture
def data(tmp_path: Path) -> str:
    return smooth(tmp_path, 12)


def _run(source: Path, name: str = "out.onnx", **options: Any) -> Result:
    made = Options(target=Target("macs", 0.6), bench=False, **options)
    return optimize(source, source.parent / name, made)


def _error(result: Result, data: str) -> float:
    """Relative error on the part of the data that no repair saw."""
    from onnxprune.calibration import open_data
    from onnxprune.runtime import InputSpec

    held = open_data(data, [InputSpec("x", "float32", ("n", 3, 12, 12))]).split()[1]
    found = measure(result.source, result.output, Options(), held, rounds=1)
    assert found.fidelity is not None
    return 1 - found.fidelity.worst.cosine


def test_data_alone_pick_what_is_best(source: Path, data: str) -> None:
    plain, informed = _run(source, "plain.onnx"), _run(source, "informed.onnx", calibration=data)
    assert informed.met and informed.proof.ok
    assert _error(informed, data) < 0.5 * _error(plain, data)
    (told,) = informed.plan.repairs
    assert told["name"] == "sequential" and told["data"]["samples"] == 64
    assert set(told["initializers"]) <= {"a", "b", "c", "fc"} and plain.plan.repairs == []
    assert informed.warnings == []


def test_the_plan_tells_terms_and_counts_as_without_a_repair(source: Path, data: str) -> None:
    """Biases that a repair adds are counted; what the groups are made of is spelled in their letters all the same."""
    plain = _run(source, "plain.onnx", calibration=data, repair="none")
    repaired = _run(source, "repaired.onnx", calibration=data)
    assert [g["members"] for g in repaired.plan.groups] == [g["members"] for g in plain.plan.groups]
    stored = onnx.load(repaired.output).graph.initializer
    assert repaired.after["params"] == sum(int(np.prod(t.dims)) for t in stored) > plain.after["params"]


def test_a_plan_with_the_same_data_makes_the_same_file(source: Path, data: str, tmp_path: Path) -> None:
    first = _run(source, calibration=data)
    plan = tmp_path / "plan.json"
    plan.write_text(first.plan.to_json())
    again = _run(source, "again.onnx", calibration=data, plan=plan)
    assert again.output.read_bytes() == first.output.read_bytes() and again.warnings == []


def test_a_plan_with_other_data_or_none_says_so(source: Path, data: str, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(_run(source, calibration=data).plan.to_json())
    np.savez(tmp_path / "other.npz", x=np.random.default_rng(1).standard_normal((64, 3, 12, 12)).astype(np.float32))
    other = _run(source, "other.onnx", calibration=str(tmp_path / "other.npz"), plan=plan)
    assert other.warnings == ["the plan's repair was made with other data, so the weights are not the same"]
    none = _run(source, "none.onnx", plan=plan)
    assert "nothing was repaired" in none.warnings[0] and none.plan.repairs == []
    body = json.loads(plan.read_text())
    body["repairs"] = [{}]
    plan.write_text(json.dumps(body))
    with pytest.raises(InputError, match="has no name"):
        _run(source, "none.onnx", plan=plan)


def test_a_plan_without_a_repair_is_done_again_without_one(source: Path, data: str, tmp_path: Path) -> None:
    """Whatever data there are; another repair is for the user to say, and plans of old don't tell."""
    plan = tmp_path / "plan.json"
    first = _run(source, calibration=data, repair="none")
    plan.write_text(first.plan.to_json())
    again = _run(source, "again.onnx", calibration=data, plan=plan)
    assert again.output.read_bytes() == first.output.read_bytes() and again.warnings == []
    said = _run(source, "said.onnx", calibration=data, plan=plan, repair="sequential")
    contradiction = "the plan was made with --repair none, so with --repair sequential the weights are not the same"
    assert said.warnings == [contradiction] and said.plan.repairs and said.plan.settings["repair"] == "sequential"
    body = json.loads(plan.read_text())
    assert body["version"] == 1 and body.pop("settings") == {"repair": "none", "provider": "cpu"}
    plan.write_text(json.dumps(body))
    old = _run(source, "old.onnx", calibration=data, plan=plan)
    assert old.plan.repairs and old.output.read_bytes() == said.output.read_bytes() and old.warnings == []
    body["settings"] = ["none"]
    plan.write_text(json.dumps(body))
    with pytest.raises(InputError, match="settings of the plan should be names with words"):
        _run(source, "bad.onnx", plan=plan)


@pytest.mark.parametrize("budget", ["io_cosine", "zscore", "pqi", "knapsack"])
def test_budgets_of_all_kinds_meet_the_target(source: Path, data: str, budget: str) -> None:
    result = _run(source, calibration=data, budget=budget, repair="none")
    assert result.met and result.proof.ok and 0.57 < result.fraction <= 0.6


@pytest.mark.parametrize("options", [{"criterion": "flap"}, {"repair": "bias"}, {"budget": "cfsp"}])
def test_what_asks_for_data_and_has_none_is_told(source: Path, options: dict[str, str]) -> None:
    result = _run(source, **options)
    assert result.proof.ok
    assert [w for w in result.warnings if w.startswith("no data were given (--data)")]


@pytest.mark.parametrize("options", [{"criterion": "best"}, {"repair": "magic"}, {"calibration": "nowhere.npz"}])
def test_what_is_unknown_is_named(source: Path, options: dict[str, str]) -> None:
    with pytest.raises(InputError, match=next(iter(options.values()))):
        _run(source, **options)
    assert not (source.parent / "out.onnx").exists()
