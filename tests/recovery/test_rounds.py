"""Pruning in several steps with training between them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.errors import InputError
from onnxprune.pruning import Options, Target, optimize
from onnxprune.recovery import Effort, Training
from tests.recovery.small import files, samples

TRAIN = Training(Effort(steps=120), rate=0.02)


def options(tmp_path: Path) -> Options:
    np.savez(tmp_path / "data.npz", x=samples())
    data = str(tmp_path / "data.npz")
    return Options(Target("macs", 0.3), calibration=data, bench=False, recover=TRAIN, recover_rounds=3, align=1)


def test_the_target_is_met_in_three_rounds_and_the_plan_tells_of_all(tmp_path: Path) -> None:
    dense, _ = files(tmp_path)
    told: list[str] = []
    wanted = options(tmp_path)
    result = optimize(dense, tmp_path / "out.onnx", wanted, told.append)
    assert result.reached and 0.2 < result.fraction <= 0.3
    assert result.proof.ok and result.recovery is not None and result.recovery.gained
    assert {text.split(":")[0] for text in told} == {f"round {n} of 3" for n in (1, 2, 3)}
    made = {t.name: tuple(t.dims) for t in onnx.load(tmp_path / "out.onnx").graph.initializer}
    assert made["a.weight"][1] == len(result.plan.groups[0]["kept"]) == made["b.weight"][0] < 16
    assert result.plan.initializers["a.weight"]["1"] == result.plan.groups[0]["kept"]
    plan = tmp_path / "plan.json"
    plan.write_text(result.plan.to_json(), encoding="utf-8")
    again = replace(wanted, plan=plan, target=None, recover=None, recover_rounds=1)
    optimize(dense, tmp_path / "again.onnx", again)
    shapes = {t.name: tuple(t.dims) for t in onnx.load(tmp_path / "again.onnx").graph.initializer}
    assert shapes == made
    assert sorted(p.name for p in tmp_path.glob("*.onnx")) == ["again.onnx", "dense.onnx", "out.onnx", "pruned.onnx"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"recover": None}, "say how long to train"),
        ({"target": None}, "needs a target"),
        ({"max_loss": 0.1}, "--max-loss can't go together"),
        ({"recover_rounds": 0}, "should be at least 1"),
    ],
)
def test_refusals(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    dense, _ = files(tmp_path)
    with pytest.raises(InputError, match=reason):
        optimize(dense, tmp_path / "out.onnx", replace(options(tmp_path), **change))  # type: ignore[arg-type]
    assert not (tmp_path / "out.onnx").exists()
