"""Checks against a baseline. How long something took is never asserted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from onnxprune import gate
from onnxprune.errors import InputError
from onnxprune.gate import Limits, State
from tests.cli.conftest import stored
from tests.gate.conftest import OTHER

QUIET = {"signature": True}


def found(model: Path, baseline: Path, **limits: object) -> dict[str, State]:
    return {f.limit: f.state for f in gate.check(model, baseline, Limits.of(**limits)).findings}


def test_a_model_is_no_worse_than_itself(model: Path, baseline: Path) -> None:
    done = gate.check(model, baseline, Limits.of(size=1.0, params=1.0, macs=1.0, memory=1.5, signature=True))
    assert done.met and [f.state for f in done.findings] == [State.MET] * 5 and done.verdict == "met: 5 limits"


def test_a_larger_one_is(larger: Path, baseline: Path) -> None:
    done = gate.check(larger, baseline, Limits.of(size=1.0, params=1.0, macs={"ratio": 2.0, "max": "0.3 k"}))
    states = {f.limit: f.state for f in done.findings}
    assert states == {
        "size.ratio": State.NOT_MET, "params.ratio": State.NOT_MET, "macs.ratio": State.MET, "macs.max": State.NOT_MET
    }  # fmt: skip
    assert not done.met and done.verdict == "not met: 3 of 4 limits (size.ratio, params.ratio, macs.max)"
    (params,) = [f for f in done.findings if f.limit == "params.ratio"]
    assert (params.baseline_number, params.number, params.allowed_number) == (192, 384, 192)
    assert params.sentence == "parameters: 384 is 200.0 % of the baseline's 192, at most 100 % allowed"


def test_operators_opset_and_signature(baseline: Path, tmp_path: Path) -> None:
    other = stored(OTHER, tmp_path / "other.onnx")
    asked = Limits.of(
        ops={"allowed": ["MatMul", "Tanh"], "forbidden": ["Tanh"], "new": False},
        opset={"min": 21, "max": 22},
        signature=True,
    )
    told = {f.limit: (f.state, f.sentence) for f in gate.check(other, baseline, asked).findings}
    assert told["ops.allowed"] == (State.NOT_MET, "operators: Add isn't allowed")
    assert told["ops.forbidden"] == (State.NOT_MET, "operators: Tanh is forbidden")
    assert told["ops.new"] == (State.NOT_MET, "operators: Add, Tanh aren't in the baseline")
    assert told["opset.min"] == (State.NOT_MET, "opset: 20, at least 21 allowed") and told["opset.max"][0] is State.MET
    assert told["signature.same"][1] == "input 'z' is new; output 'y' is gone; output 'out' is new"


def test_a_shape_that_changed(baseline: Path, tmp_path: Path) -> None:
    open_batch = stored(
        "agraph (float[n,8] x) => (float[n,4] y) <float[8,4] a> { y = MatMul(x, a) }", tmp_path / "o.onnx"
    )
    (finding,) = gate.check(open_batch, baseline, Limits.of(signature=True)).findings
    assert finding.state is State.NOT_MET
    assert finding.sentence.startswith("input 'x' was tensor(float)[1,8], is tensor(float)[n,8]; output 'y' was")


def test_fidelity_on_data(model: Path, larger: Path, tmp_path: Path) -> None:
    calib = tmp_path / "calib.npz"
    np.savez(calib, x=np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32))
    baseline = tmp_path / "b.json"
    gate.record(model, baseline, data=str(calib), samples=4)
    asked = Limits.of(fidelity={"max_loss": 0.0, "min_cosine": 1.0, "max_error": 0.0})
    done = gate.check(model, baseline, asked)
    assert done.met and done.data is not None and (done.data.samples, done.data.name) == (4, str(calib))
    assert not gate.check(larger, baseline, asked).met
    np.savez(calib, x=np.ones((6, 8), np.float32))
    assert "has changed since" in gate.check(model, baseline, asked).warnings[0]
    shutil.copy(calib, tmp_path / "other.npz")
    other = Limits.of(fidelity={"max_loss": 0.0, "data": str(tmp_path / "other.npz")})
    assert gate.check(model, baseline, other).warnings == []


def test_fidelity_without_data_is_on_random_inputs(model: Path, baseline: Path) -> None:
    done = gate.check(model, baseline, Limits.of(fidelity=0.0))
    assert done.met and done.data is None and done.fidelity is not None


def test_latency_is_timed_in_turns(model: Path, larger: Path, baseline: Path) -> None:
    """The time says nothing here: what is asserted follows from the limits."""
    quick = {"ratio": 1e6, "detect": 1e6, "seconds": 20, "max": "1000 s"}
    done = gate.check(larger, baseline, Limits.of(latency=quick))
    assert done.met and done.latency is not None and done.latency.pairs >= 8
    assert [f.limit for f in done.findings] == ["latency.ratio", "latency.max"]
    assert done.latency.clock == "processor" and done.latency.high is not None and done.latency.high <= 1e6
    never = {"ratio": 1e-6, "seconds": 20, "clock": "wall"}
    slow = gate.check(model, baseline, Limits.of(latency=never))
    assert not slow.met and slow.latency is not None and slow.latency.clock == "wall"


def test_latency_alone(model: Path, baseline: Path) -> None:
    done = gate.check(model, baseline, Limits.of(latency="1000 s"))
    assert done.met and done.latency is None and [f.limit for f in done.findings] == ["latency.max"]
    assert not gate.check(model, baseline, Limits.of(latency="0.0001 us")).met


def test_not_decided_is_said_and_may_fail(model: Path, baseline: Path) -> None:
    short = {"ratio": 1.0, "seconds": 1e-6}
    done = gate.check(model, baseline, Limits.of(latency=short))
    (finding,) = done.findings
    assert finding.state is State.UNDECIDED and done.met and done.verdict == "met: 1 limit, latency.ratio undecided"
    assert "not decided within 1e-06 s" in finding.sentence
    strict = gate.check(model, baseline, Limits.of(latency={**short, "undecided": "fail"}))
    assert not strict.met and strict.verdict == "not met: 1 of 1 limit (latency.ratio)"


def test_the_baselines_model_elsewhere(model: Path, larger: Path, baseline: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved.onnx"
    model.rename(moved)
    with pytest.raises(InputError, match="--dense says where it is"):
        gate.check(larger, baseline, Limits.of(fidelity=1.0))
    assert gate.check(larger, baseline, Limits.of(size=10.0, memory=10.0)).met  # which need no other model
    assert gate.check(larger, baseline, Limits.of(fidelity=1.0), dense=moved).met
    with pytest.raises(InputError, match="isn't the model that"):
        gate.check(larger, baseline, Limits.of(fidelity=1.0), dense=larger)
    shutil.copy(larger, model)
    with pytest.raises(InputError, match="isn't the model that"):
        gate.check(larger, baseline, Limits.of(latency=2.0))


def test_recorded_data_are_found_beside_the_baseline(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "calib.npy", np.ones((3, 8), np.float32))
    monkeypatch.chdir(tmp_path)
    gate.record(model, "b.json", data="calib.npy")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    done = gate.check("../model.onnx", "../b.json", Limits.of(fidelity=0.0))
    assert done.met and done.data is not None and done.data.samples == 3 and done.warnings == []


def test_other_inputs_are_told_where_nothing_is_run_on_both(baseline: Path, tmp_path: Path) -> None:
    other = stored(OTHER, tmp_path / "other.onnx")
    done = gate.check(other, baseline, Limits.of(memory=100.0, signature=True))
    assert {f.limit: f.state for f in done.findings} == {"memory.ratio": State.MET, "signature.same": State.NOT_MET}


def test_models_that_can_not_be_fed_alike(baseline: Path, tmp_path: Path) -> None:
    other = stored(OTHER, tmp_path / "other.onnx")
    with pytest.raises(InputError, match="fed alike"):
        gate.check(other, baseline, Limits.of(fidelity=1.0))


def test_what_is_run_is_as_recorded_or_as_asked(model: Path, tmp_path: Path) -> None:
    gate.record(model, tmp_path / "b.json", threads=2)
    assert gate.check(model, tmp_path / "b.json", Limits.of(size=1.0)).environment.threads == 2
    assert gate.check(model, tmp_path / "b.json", Limits.of(size=1.0, run={"threads": 1})).environment.threads == 1


def test_json(larger: Path, baseline: Path) -> None:
    body = json.loads(
        gate.check(larger, baseline, Limits.of(size=1.0, latency={"ratio": 1.0, "seconds": 1e-6})).to_json()
    )
    assert body["met"] is False and [f["state"] for f in body["findings"]] == ["not met", "undecided"]
    assert body["latency"]["low"] is None and body["latency"]["question"]["ratio"] == 1.0


def test_the_public_door() -> None:
    import onnxprune

    assert onnxprune.gate is gate and "gate" in dir(onnxprune) and callable(onnxprune.gate.check)
    assert set(gate.__all__) <= vars(gate).keys()
