"""The inside of a pruning: it agrees with the plan, with the files, and with what was measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from onnxprune.pruning import Options, Result, Target, optimize
from onnxprune.report import Report, summarize
from onnxprune.report.details import node_times, op_times
from onnxprune.report.groups import MOST_MEMBERS
from onnxprune.report.inside import look
from onnxprune.report.scores import spread
from onnxprune.runtime import OpTime
from tests.cli.conftest import stored
from tests.nets import CNN


def test_work_adds_up_to_the_macs(result: Result, report: Report) -> None:
    work = look(result).work
    assert sum(layer.before for layer in work) == report.before.macs
    assert sum(layer.after or 0 for layer in work) == report.after.macs
    assert work[0].node == "h"


def test_groups_are_those_of_the_plan(result: Result) -> None:
    groups = look(result).coupled
    narrowed = {group.id: group for group in groups if group.after < group.before}
    assert set(narrowed) == {entry["id"] for entry in result.plan.groups}
    for entry in result.plan.groups:
        group = narrowed[entry["id"]]
        assert (group.kind, group.before, group.after) == (entry["kind"], entry["size"], len(entry["kept"]))
        assert sorted(m.axis for m in group.members) == sorted(
            f"{m['initializer']}[{m['axis']}]" for m in entry["members"]
        )
        assert len(group.members) <= MOST_MEMBERS and group.more == 0
    locked = [group for group in groups if group.locked]
    assert locked and all(group.natural and "graph" in group.locked for group in locked)


def test_links_are_weights_with_an_axis_of_each(result: Result) -> None:
    details = look(result)
    for link in details.links:
        axes = [
            [m.axis for m in details.coupled[place].members if m.axis.startswith(f"{link.weight}[")]
            for place in (link.source, link.target)
        ]
        assert all(axes) and axes[0] != axes[1]
    assert details.links


def test_what_the_repair_gained(tmp_path: Path) -> None:
    model, data = stored(CNN, tmp_path / "model.onnx"), tmp_path / "data.npz"
    np.savez(data, x=np.random.default_rng(0).standard_normal((64, 3, 16, 16)).astype(np.float32))
    result = optimize(model, tmp_path / "small.onnx", Options(Target("macs", 0.6), calibration=str(data)))
    before, after = look(result).unrepaired, summarize(result).fidelity
    assert before and after and before.worst.relative > after.worst.relative


def test_nothing_repaired_nothing_gained(result: Result) -> None:
    assert look(result).unrepaired is None


def test_times_side_by_side() -> None:
    dense = [OpTime("Conv", "a", 3.0), OpTime("Relu", "r", 1.0), OpTime("Conv", "b", 0.5)]
    pruned = [OpTime("Conv", "a", 2.0), OpTime("Gemm", "g", 1.0)]
    by_op = [(t.op, t.before, t.after) for t in op_times(dense, pruned)]
    assert by_op == [("Conv", 3.5, 2.0), ("Relu", 1.0, 0.0), ("Gemm", 0.0, 1.0)]
    found = [(t.node, t.before, t.after) for t in node_times(dense, pruned)]
    assert found == [("a", 3.0, 2.0), ("r", 1.0, None), ("b", 0.5, None), ("g", None, 1.0)]


@pytest.mark.parametrize(
    ("scores", "kept", "cut"),
    [([0.0, 1, 2, 3], [2, 3], 2.0), ([0.0, 1, 2, 3], [0, 3], None), ([0.0, 1, 2, 3], [0, 1, 2, 3], None)],
)
def test_scores_in_bins(scores: list[float], kept: list[int], cut: float | None) -> None:
    found = spread({"score": scores, "size": 4, "kept": kept})
    assert found and (found.low, found.high, found.cut) == (0.0, 3.0, cut)
    assert sum(found.kept) == len(kept) and sum(found.gone) == 4 - len(kept)
    assert found.kept[-1] == 1


def test_scores_that_say_nothing() -> None:
    assert spread({"score": [1.0, 1.0], "size": 2, "kept": [0]}) is None
    assert spread({"score": [1.0, float("nan")], "size": 2, "kept": [0]}) is None
    assert spread({"score": [], "size": 2, "kept": [0]}) is None
