"""Surveys and comparisons as Python values."""

from __future__ import annotations

from pathlib import Path

import pytest

from onnxprune.errors import InputError
from onnxprune.progress import Stage
from onnxprune.report import analyze, bench, compare
from tests.cli.conftest import FREE_BATCH, UNKNOWN, stored

MACS_A, MACS_B, MACS_C, MACS_FC = 256 * 27 * 64, 256 * 64 * 576, 256 * 96 * 64, 960


def test_shares_are_of_what_goes_through_a_group(model: Path) -> None:
    found = analyze(model)
    total = MACS_A + MACS_B + MACS_C + MACS_FC
    assert found.macs == total
    shares = {group.id: group.share for group in found.groups}
    assert shares["a[0]"] == pytest.approx((MACS_A + MACS_B + MACS_C) / total)
    assert shares["c[0]"] == pytest.approx((MACS_C + MACS_FC) / total)
    assert found.kinds[0].share == pytest.approx(1.0) and found.kinds[0].units == 160


def test_locks_come_by_share_and_kernels_are_none(model: Path) -> None:
    locked = analyze(model).locked
    assert [(lock.axis, lock.op, lock.reason) for lock in locked] == [
        ("a[1]", "", "graph input"),
        ("fc[0]", "", "graph output"),
    ]
    assert locked[0].share == pytest.approx(MACS_A / (MACS_A + MACS_B + MACS_C + MACS_FC))
    assert all(lock.natural and lock.advice for lock in locked)


def test_nature_and_limits_are_told_apart(tmp_path: Path) -> None:
    found = analyze(stored(UNKNOWN, tmp_path / "unknown.onnx"))
    dense = 8 * 32 + 32 * 16
    assert found.nature == pytest.approx(8 * 32 / dense) and found.limits == pytest.approx(32 * 16 / dense)
    assert {lock.kind for lock in found.locked if not lock.natural} == {"no rule", "unknown rank"}


def test_unknown_dimension(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no dynamic axis 'x'"):
        analyze(stored(FREE_BATCH, tmp_path / "free.onnx"), dims={"x": 2})


def test_compare_uses_the_lengths_it_is_given(tmp_path: Path) -> None:
    model = stored(FREE_BATCH, tmp_path / "free.onnx")
    stages: list[str] = []
    found = compare(model, model, dims={"batch": 4}, rounds=3, progress=stages.append)
    assert found.before.macs == 4 * (8 * 32 + 32 * 4) and found.latency.shapes == {"x": [4, 8]}
    assert found.fidelity.worst.max_abs == 0 and {op.op for op in found.ops} >= {"MatMul"}
    memory = [f"measuring memory of model {k} of 2" for k in (1, 2)]
    assert [*dict.fromkeys(stages)] == ["comparing outputs", "measuring latency", *memory, "profiling operators"]
    assert {(s.done, s.total) for s in stages if isinstance(s, Stage) and "latency" in s} == {(1, 3), (2, 3), (3, 3)}


def test_a_bench_takes_names_as_the_other_verbs_do(model: Path) -> None:
    (timed,) = bench([str(model)], rounds=3).models
    assert timed.path == str(model) and timed.time.median > 0


def test_a_bench_needs_models_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a bench needs a model"):
        bench([])
    with pytest.raises(InputError, match="no such file"):
        bench([tmp_path / "nowhere.onnx"])
    with pytest.raises(InputError, match="is a folder"):
        bench([tmp_path])
