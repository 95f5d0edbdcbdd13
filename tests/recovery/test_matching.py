"""Tensors inside, matched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from onnxprune.graph import load
from onnxprune.pruning import Inputs, Options, Target, optimize, read, recover
from onnxprune.pruning.matches import matches_of_plan
from onnxprune.recovery import Effort, Match, Training
from onnxprune.recovery.matching import Matching
from tests.recovery.small import files, samples

CPU = torch.device("cpu")


def test_of_the_units_that_survived_by_hand() -> None:
    """The teacher's columns 0 and 2 are (1, 3) and (4, 6); the student has (1, 3) and (4, 5): 1 over 62, times 2."""
    matching = Matching([Match("h", {1: np.array([0, 2])}), Match("gone")], 2.0, CPU)
    teacher = {"h": torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), "gone": torch.ones(1)}
    student = {"h": torch.tensor([[1.0, 3.0], [4.0, 5.0]])}
    assert matching.names == ("h", "gone") and matching.fit(teacher, student) == 1 and matching.names == ("h",)
    assert float(matching(teacher, student) or 0) == pytest.approx(2 / 62)
    assert Matching([Match("h")], 0.0, CPU)(teacher, student) is None


def test_a_plan_says_what_survived(tmp_path: Path) -> None:
    dense, _ = files(tmp_path)
    result = optimize(dense, tmp_path / "out.onnx", Options(Target("macs", 0.5), bench=False))
    plan = tmp_path / "plan.json"
    plan.write_text(result.plan.to_json(), encoding="utf-8")
    (match,) = matches_of_plan(load(dense), read(plan))
    assert match.name == "r" and list(match.kept) == [1]
    assert list(match.kept[1]) == result.plan.groups[0]["kept"]
    (whole,) = matches_of_plan(load(dense), None)
    assert whole.name == "r" and not whole.kept
    np.savez(tmp_path / "data.npz", x=samples())
    setting = Training(Effort(steps=60), rate=0.02, match=0.5)
    both, data = (dense, tmp_path / "out.onnx", tmp_path / "rec.onnx", setting), str(tmp_path / "data.npz")
    found = recover(*both, Inputs(data, plan=plan))
    assert found.gained and not found.warnings
    found = recover(*both, Inputs(data))
    assert found.warnings == [
        "not compared, for their sizes differ: 1 of the tensors inside (--plan tells what is left of them)"
    ]
