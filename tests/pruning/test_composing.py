"""A target in time with zeros: on a machine whose times are a law, and on the real one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest

from onnxprune.coupling import analyze
from onnxprune.errors import InputError
from onnxprune.graph import load, normalize
from onnxprune.pruning import Options, Result, Target, optimize
from onnxprune.pruning.composing import Attempt, approach
from onnxprune.pruning.mixtures import is_open, mix
from onnxprune.pruning.sparsifying import resolved
from onnxprune.pruning.stopwatch import Stopwatch
from onnxprune.pruning.timing import near
from onnxprune.pruning.variant import write_variant
from onnxprune.recovery import Effort, Training
from onnxprune.recovery.masks import MaskSetting
from onnxprune.report import summarize
from onnxprune.report.sentences import sparse
from onnxprune.runtime import plugin
from onnxprune.sparse import Pattern, Wanted
from tests.pruning.law import law, samples, source

IN_ROUNDS: dict[str, Any] = {"recover": Training(Effort(steps=2)), "recover_rounds": 2}
PASS = "sparsify{pattern=8x1,ends=true,least=1000,order=false}"


__all__ = ["law", "source"]  # the fixtures


def _run(source: Path, *passes: str, at: float = 0.5, **options: Any) -> Result:
    how: dict[str, Any] = {"passes": passes or (PASS,), "bench": False, "target": Target("latency", at)}
    return optimize(source, source.parent / "out.onnx", Options(**{**how, **options}))


@pytest.mark.parametrize("off", [0.8, 1.0, 1.3])
@pytest.mark.parametrize("target", [0.7, 0.5])
def test_the_sparsity_that_meets_the_target(source: Path, law: SimpleNamespace, target: float, off: float) -> None:
    law.off = off
    result = _run(source, at=target)
    assert result.reached and near(result.fraction, Target("latency", target)) and result.fraction in law.trials
    assert result.proof.status == "proved" and len(law.trials) <= 4
    shares = {entry["sparsity"] for entry in result.plan.sparse}
    assert len(shares) == 1 and {e["initializer"] for e in result.plan.sparse} == {"a", "b", "c"}
    assert "SparseMatMul" in {node.op_type for node in onnx.load(result.output).graph.node}
    assert result.options.sparse_format == "op"  # as nothing else was said, and zeros take the CPU provider as long


def test_more_zeros_where_they_do_less_harm(source: Path, tmp_path: Path, law: SimpleNamespace) -> None:
    result = _run(source, "sparsify{pattern=auto,ends=true,least=1000}", calibration=samples(tmp_path / "data"))
    assert near(result.fraction, Target("latency", 0.5)) and law.trials
    assert len({entry["sparsity"] for entry in result.plan.sparse}) > 1 and result.proof.status == "proved"


def test_units_by_a_ratio_and_zeros_for_the_rest(source: Path, law: SimpleNamespace) -> None:
    result = _run(source, "channels{ratio=0.34}", PASS)
    alone = _run(source)
    assert near(result.fraction, Target("latency", 0.5)) and result.plan.groups and law.trials
    assert result.plan.sparse[0]["sparsity"] < alone.plan.sparse[0]["sparsity"]


def test_units_beside_given_zeros(source: Path, law: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    def variant(self: Stopwatch, candidates: Any, counts: Mapping[str, int], patience: Any = None) -> Any:
        raise AssertionError("not timed")

    text = PASS.replace("}", ",sparsity=0.5}")
    assert _run(source, "channels", text, at=0.8).plan.groups == []  # zeros alone do it
    with pytest.raises(InputError, match="nothing is left to choose"):
        _run(source, text)
    monkeypatch.setattr(Stopwatch, "_time", variant)
    assert law.trials


def test_out_of_reach(source: Path, law: SimpleNamespace) -> None:
    result = _run(source, at=0.2)
    assert not result.reached and result.fraction == min(law.trials)
    assert {entry["sparsity"] for entry in result.plan.sparse} == {0.96}


def test_a_plan_is_timed_with_its_zeros(source: Path, tmp_path: Path, law: SimpleNamespace) -> None:
    first = _run(source)
    (tmp_path / "plan.json").write_text(first.plan.to_json())
    again = _run(source, passes=(), plan=tmp_path / "plan.json", sparse_format="op")
    assert again.fraction == pytest.approx(first.fraction) and law.trials
    assert [e["digest"] for e in again.plan.sparse] == [e["digest"] for e in first.plan.sparse]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sparse_format": "zeros"}, "zeros that are written as zeros take as long"),
        ({"sparse_format": "initializer"}, "written as initializer"),
        (
            {"passes": ["channels", PASS], "masks": MaskSetting(Effort(steps=2)), "calibration": "x"},
            "--train-masks can't go together",
        ),
        ({"passes": ["channels", PASS], **IN_ROUNDS}, "--recover-rounds can't go together"),
        ({"passes": [PASS], "target": Target("macs", 0.5)}, "take no units"),
        ({"passes": [PASS], "protect": ["a", "b", "c"]}, "no weight of its own"),
    ],
)
def test_what_makes_no_sense_is_told(
    source: Path, law: SimpleNamespace, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        _run(source, **({"passes": (PASS,)} | options))
    assert not law.trials and not (source.parent / "out.onnx").exists()


def test_without_the_plug_in_zeros_meet_no_target(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxprune.sparse.speeds.plugin.why_not", lambda **_: "there is no compiler")
    with pytest.raises(InputError, match="zeros can't be timed here: there is no compiler"):
        _run(source)


def test_aiming_ends_where_nothing_changes() -> None:
    seen: list[float] = []

    def attempt(aim: float) -> Attempt:
        seen.append(aim)
        return Attempt(0.5, 0.7, True)

    assert approach(Target("latency", 0.6), 0.6, attempt, lambda _: None)[1].fraction == 0.7
    assert len(seen) == 2


def test_the_form_is_chosen_for_the_target() -> None:
    target = Target("latency", 0.5)
    assert resolved(Options(passes=[PASS], target=target)).sparse_format == "op"
    for other in (
        Options(passes=[PASS]),
        Options(target=target),
        Options(passes=[PASS], target=target, provider="sparse"),
        Options(passes=[PASS], target=target, sparse_format="zeros"),
    ):
        assert resolved(other).sparse_format == "zeros"


def test_variants_have_the_zeros(source: Path, tmp_path: Path) -> None:
    model = normalize(load(source))
    groups = analyze(model.graph, model.opsets).prunable
    masks = {group.id: np.arange(group.size) < group.size // 2 for group in groups}
    zeros = {"k": Wanted(Pattern(8), 0.5, "magnitude")}
    write_variant(lambda: normalize(load(source)), masks, "cpu", tmp_path / "small.onnx", zeros)
    stored = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(tmp_path / "small.onnx").graph.initializer}
    assert stored["b"].shape == (48, 48) and np.mean(stored["b"] == 0) == pytest.approx(0.5)
    assert np.all(stored["a"] != 0)
    write_variant(lambda: normalize(load(source)), {}, "cpu", tmp_path / "packed.onnx", zeros, "op")
    assert [n.op_type for n in onnx.load(tmp_path / "packed.onnx").graph.node].count("SparseMatMul") == 1


def test_on_this_machine(source: Path) -> None:
    """Whether met or not: what is told is what was seen, and the file is proved and runs."""
    if not plugin.available():
        pytest.skip("the plug-in isn't installed")
    result = _run(source, at=0.8, bench=True)
    assert result.proof.status == "proved" and result.measured is not None and result.fraction > 0
    assert all(0.2 <= entry["sparsity"] <= 0.96 for entry in result.plan.sparse)
    assert all("predicted" in entry for entry in (*result.plan.sparse, *result.plan.dense))
    assert json.loads(summarize(_run(source, at=0.8)).to_json())["target"]["met"] in (True, False)


@pytest.mark.parametrize("data", [True, False])
def test_units_and_zeros_in_the_best_mixture(
    source: Path, tmp_path: Path, law: SimpleNamespace, data: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With data all shares are judged, and the one that loses least is kept; without, zeros alone are enough."""
    made: list[float | None] = []
    losses = {None: 0.3, 0.5 ** (1 / 3): 0.1, 0.5 ** (2 / 3): 0.2, 0.5: 0.4}

    class Judging:
        def __init__(self, *_: Any) -> None:
            pass

        def __call__(self, place: Path) -> tuple[float, None]:
            return losses[made[-1]], None

    def pruned(evidence: Any, output: Path, place: Path, progress: Any, target: Target) -> Any:
        made.append(evidence.share)
        place.write_bytes(str(evidence.share).encode())
        return SimpleNamespace(result=SimpleNamespace(reached=evidence.share is not None or not data))

    monkeypatch.setattr("onnxprune.pruning.mixtures.Judge", Judging)
    monkeypatch.setattr("onnxprune.pruning.mixtures.prune", pruned)
    options = Options(passes=["channels", PASS], target=Target("latency", 0.5), sparse_format="op")
    held_out = object() if data else None
    evidence = SimpleNamespace(
        options=options, file=SimpleNamespace(path=source), held_out=held_out, share=None, power=None
    )
    trial = tmp_path / "trial" / "out.onnx"
    trial.parent.mkdir()
    for _ in range(2):  # made once more where units had better not move
        mix(evidence, trial, trial, lambda _: None)  # type: ignore[arg-type]
        assert trial.read_bytes() == str(evidence.share).encode()
        assert [file.name for file in trial.parent.iterdir()] == ["out.onnx"]
    best = 0.5 ** (1 / 3)
    assert made == ([None, best, 0.5 ** (2 / 3), 0.5, best] if data else [None, None]) and not law.trials


def test_what_is_open_to_a_mixture() -> None:
    target = Target("latency", 0.5)
    assert is_open(Options(passes=["channels", PASS], target=target))
    closed = (["channels{ratio=0.2}", PASS], [PASS], ["channels"], ["channels", "sparsify{sparsity=0.5}"])
    assert not any(is_open(Options(passes=passes, target=target)) for passes in closed)
    assert not is_open(Options(passes=["channels", PASS], target=Target("macs", 0.5)))


def test_units_alone_leave_nothing_to_zeros(
    source: Path, law: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they meet the target already."""
    monkeypatch.setattr("onnxprune.pruning.mixtures.is_open", lambda _: False)
    result = _run(source, "channels{ratio=0.5}", PASS, at=0.75)
    assert result.reached and not result.plan.sparse and result.plan.groups and not result.warnings
    assert {entry["reason"] for entry in result.plan.dense} == {"the target is met without"} and law.trials
    told = [text for name, text in sparse(summarize(result)) if name == "left dense"]
    assert told == [f"{len(result.plan.dense)} weights: the target is met without"]
