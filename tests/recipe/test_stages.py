"""Stages in a row: what each is given, what it is judged by, and that a run is whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from onnxprune import InputError, Recipe, Result, run
from onnxprune.calibration import Quantised
from onnxprune.coupling import analyze
from onnxprune.graph import load, normalize
from onnxprune.pruning import Plan, Recovery, optimize
from onnxprune.recipe import run as running
from onnxprune.report import opened, summarize
from tests.cli.conftest import FREE_BATCH, stored
from tests.recipe.made import PRODUCTS, place

PRUNE = {"kind": "prune", "target": "macs=0.7", "verify": False}
QUANTISE = {"kind": "quantise"}


@pytest.fixture
def do(tmp_path: Path) -> Callable[..., Result]:
    """Stages on a small model with data; further values stand above them."""
    model = place(tmp_path, PRODUCTS)
    above: dict[str, Any] = {"data": tmp_path / "calib.npz", "bench": False}
    return lambda *stages, **more: run(Recipe.of(stage=stages, **{**above, **more}), model, tmp_path / "out.onnx")


def weights(model: Path) -> dict[str, np.ndarray]:
    return {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(model).graph.initializer}


def test_each_works_on_what_the_one_before_left(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    model = place(tmp_path, PRODUCTS)
    stages = [PRUNE, {"kind": "recover", "for": "20"}, QUANTISE]
    recipe = Recipe.of(data=tmp_path / "calib.npz", target="size=0.4", max_loss=0.9, stage=stages)
    found = run(recipe, model, tmp_path / "out.onnx")
    assert [stage.kind for stage in found.stages] == ["prune", "recover", "quantise"] and found.met
    pruned, trained, whole = found.stages
    assert pruned.after["macs"] == trained.after["macs"] == whole.after["macs"] <= 0.7 * found.before["macs"]
    assert pruned.after["bytes"] < found.before["bytes"] and whole.after["bytes"] < pruned.after["bytes"] / 2
    out = tmp_path / "out.onnx"
    assert out.stat().st_size == whole.after["bytes"] == found.after["bytes"]
    assert round(opened(out).macs.total()) == whole.after["macs"]
    assert found.fraction == whole.after["bytes"] / found.before["bytes"] <= 0.4
    assert {str(t.dtype) for t in weights(out).values()} >= {"int8"}
    # all are judged by the same samples, against the dense model, and the last like the whole
    assert isinstance(trained.work, Recovery) and isinstance(whole.work, Quantised)
    assert trained.work.before == pruned.fidelity and trained.work.after == trained.fidelity
    assert found.measured is not None and found.measured.fidelity == whole.fidelity
    assert found.search is not None and whole.fidelity is not None and found.search.loss == whole.fidelity.loss
    # and none learns from them
    judged, ranges = found.measured.data, whole.work.data
    assert judged is not None and ranges is not None and judged.digest == trained.work.data.digest
    seen = [{row.tobytes() for call in data for row in call["x"]} for data in (judged, ranges)]
    assert seen[0].isdisjoint(seen[1]) and len(seen[0]) + len(seen[1]) == 40


def test_training_by_steps_gives_the_same_bytes_again(do: Callable[..., Result], tmp_path: Path) -> None:
    pytest.importorskip("torch")
    stages = PRUNE, {"kind": "recover", "for": 8}, QUANTISE
    plans, models = set(), set()
    for _ in range(2):
        plans.add(do(*stages).plan.to_json())
        models.add((tmp_path / "out.onnx").read_bytes())
    assert len(plans) == len(models) == 1
    assert do(*stages, seed=1).plan.to_json() not in plans


def test_a_stage_without_a_target_aims_at_that_of_the_whole(do: Callable[..., Result]) -> None:
    bare = {name: value for name, value in PRUNE.items() if name != "target"}
    found = do({**PRUNE, "target": "macs=0.8"}, bare, target="macs=0.6")
    first, last = found.stages
    assert 0.6 < first.after["macs"] / found.before["macs"] <= 0.8
    assert found.fraction == last.after["macs"] / found.before["macs"] <= 0.6 and found.met
    assert found.fraction > 0.45  # it knows what is gone already


def test_an_aim_that_comes_from_the_whole_is_judged_at_the_end(do: Callable[..., Result]) -> None:
    found = do({"kind": "prune", "protect": ["c"], "verify": False}, QUANTISE, target="size=0.3")
    first, _ = found.stages
    assert first.after["bytes"] > 0.3 * found.before["bytes"] >= found.after["bytes"]
    assert found.met and first.met and isinstance(first.work, Result) and first.work.target is None
    told = "stage 1 (prune): takes units until size=0.3 is met, and quantise makes the file smaller still;"
    assert any(text.startswith(told) for text in found.warnings)
    assert not any("smaller still" in text for text in do(PRUNE, QUANTISE, target="size=0.3").warnings)


def test_a_stage_finds_the_most_zeros_within_a_limit_of_its_own(
    do: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is of what the stage itself loses, of the model that it was given."""
    zeros = {"kind": "sparsify", "pattern": "4x1", "least": 100, "max_loss": 0.2, "repair": "none", "share": "even"}
    found = do(PRUNE, zeros)
    _, stage = found.stages
    assert isinstance(stage.work, Result) and stage.work.search is not None and found.met
    search = stage.work.search
    assert search.quantity == "sparsity" and search.aim is not None and 0 < search.loss <= 0.2
    assert len(search.trials) > 3 and found.search is None
    assert found.plan.stages[1]["did"]["decided"]["loss"].startswith(f"sparsity={search.aim:g} in ")
    told = summarize(found).stages[1].loss
    assert told is not None and told.quantity == "sparsity" and told.met
    (tmp_path / "falling.py").write_text("def falls(run, seen=[]): seen.append(1); return -len(seen)")
    monkeypatch.syspath_prepend(tmp_path)
    over = do({**zeros, "metric": "falling:falls"})
    assert not over.met and not over.stages[0].met and over.output.exists()


def test_a_target_of_the_whole_that_is_missed(do: Callable[..., Result], tmp_path: Path) -> None:
    found = do(PRUNE, target="macs=0.1")
    assert not found.met and found.stages[0].met and found.fraction > 0.1 and (tmp_path / "out.onnx").exists()
    assert not do({**PRUNE, "target": "macs=0.001"}, target="macs=0.9").met  # a stage's own counts too
    assert not do(PRUNE, max_loss=0).met


def test_a_plan_of_two_prunings_tells_which_units_stay(do: Callable[..., Result], tmp_path: Path) -> None:
    """The second puts units into an order of their own, and both together are a plan for the dense model."""
    zeros = {"kind": "sparsify", "least": 100, "sparsity": 0.3, "method": "magnitude", "repair": "none", "refit": False}
    found = do(
        {**PRUNE, "repair": "none"},
        {**zeros, "verify": False},
        {"kind": "prune", "target": "macs=0.9", "repair": "none"},
    )
    plans = [stage.work.plan for stage in found.stages if isinstance(stage.work, Result)]
    assert plans[1].orders and plans[2].groups
    dense, left = weights(tmp_path / "model.onnx"), weights(tmp_path / "out.onnx")
    for name, axes in found.plan.initializers.items():
        taken = dense[name]
        for axis, kept in axes.items():
            taken = np.take(taken, kept, int(axis))
        stays = left[name] != 0
        assert taken.shape == left[name].shape and np.array_equal(taken[stays], left[name][stays])
    model = normalize(load(tmp_path / "model.onnx"))
    chosen = found.plan.chosen(analyze(model.graph, model.opsets))
    for entry in found.plan.groups:
        assert sorted(entry["kept"]) == entry["kept"] and len(chosen[entry["id"]]) in (
            entry["size"],
            len(entry["kept"]),
        )
    for name, order in found.plan.orders.items():
        (site,) = [m for e in found.plan.groups if e["id"] == name for m in e["members"]][:1] or [None]
        if site is not None:
            assert found.plan.initializers[site["initializer"]][str(site["axis"])] == order


def test_a_weight_that_two_stages_put_zeros_into_is_one_weight(do: Callable[..., Result]) -> None:
    zeros = {"kind": "sparsify", "least": 100, "method": "magnitude", "verify": False}
    found = do({**zeros, "sparsity": 0.3}, {**zeros, "sparsity": 0.6})
    (entry,) = found.plan.sparse
    assert 0.55 < entry["zeros"] / entry["size"] < 0.65


def test_packed_weights_are_packed_at_the_end(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    model = stored(PRODUCTS, tmp_path / "model.onnx")
    zeros = {"kind": "sparsify", "sparse_format": "op", "where": "all", "ends": True, "verify": False}
    recipe = Recipe.of(bench=False, data="random", samples=16, stage=[zeros, {"kind": "recover", "for": "5"}])
    found = run(recipe, model, tmp_path / "out.onnx")
    assert "SparseMatMul" in {node.op_type for node in onnx.load(tmp_path / "out.onnx").graph.node}
    assert found.options.sparse_format == "op" and found.plan.sparse


def test_a_quantisation_that_ruins_the_model_is_told_of(tmp_path: Path) -> None:
    model = onnx.load(stored(FREE_BATCH, tmp_path / "model.onnx"))
    for tensor, (row, column), value in zip(
        model.graph.initializer, [(0, 0), (0, slice(None))], [3000, 0], strict=True
    ):
        values = onnx.numpy_helper.to_array(tensor).copy()
        values[row, column] = value  # the scale is that of one weight, of a unit that nothing reads
        tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    onnx.save(model, tmp_path / "model.onnx")
    recipe = Recipe.of(bench=False, data="random", max_loss=0.05, stage=[{**QUANTISE, "mode": "dynamic"}])
    found = run(recipe, tmp_path / "model.onnx", tmp_path / "out.onnx")
    (warning,) = found.stages[0].warnings
    loss = 100 * found.stages[0].fidelity.loss  # type: ignore[union-attr]
    assert warning.startswith("stage 1 (quantise): the outputs have moved far from the dense model's: a loss of")
    assert f"{loss:.1f} %, 0.0 % before" in warning and loss > 10
    assert warning in found.warnings and not found.met


def test_a_stage_behind_a_quantisation_is_told_of(do: Callable[..., Result]) -> None:
    found = do({**QUANTISE, "ops": ["MatMul"]}, PRUNE)
    (warning,) = [text for text in found.warnings if text.startswith("stage 2")]
    assert warning.endswith("so a stage quantise had better be the last") and not found.plan.repairs
    assert do(PRUNE, QUANTISE).plan.repairs


def test_what_is_told_of_stages_is_told_of_keys(do: Callable[..., Result]) -> None:
    told = "protect 'z*' matches no weight and no node that uses one"
    assert f"stage 1 (prune): {told}" in do({**PRUNE, "protect": ["z*"]}).warnings
    with pytest.raises(InputError, match=r"^stage 1 \(prune\): ") as caught:
        do({**PRUNE, "only": ["z*"]})
    assert "--" not in str(caught.value)


def test_a_stage_that_fails_leaves_nothing(do: Callable[..., Result], tmp_path: Path) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(InputError, match=r"^stage 2 \(quantise\): nothing in the model can be quantised"):
        do(PRUNE, {**QUANTISE, "ops": ["Softmax"]})
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    (tmp_path / "out.onnx").write_text("older")
    with pytest.raises(InputError, match="stage 2"):
        do(PRUNE, {**QUANTISE, "ops": ["Softmax"]})
    assert (tmp_path / "out.onnx").read_text() == "older"


@pytest.mark.parametrize(
    ("stage", "told"),
    [
        ({"kind": "prune", "criterion": "guess"}, "no criterion 'guess'; there are"),
        ({"kind": "prune", "budget": "guess"}, "no budget 'guess'; there are"),
        ({"kind": "prune", "repair": "guess"}, "no repair 'guess'; there are"),
        ({"kind": "prune", "pass": ["guess"]}, "no pass 'guess'; there are"),
        ({"kind": "prune", "metric": "mine:f"}, "metric says what the loss is, and needs a limit to it (max_loss)"),
        ({"kind": "prune", "recover_rounds": 2}, "recover_rounds is about training"),
        ({"kind": "sparsify", "pattern": "3x"}, "3x"),
        ({"kind": "sparsify", "method": "guess"}, "guess"),
        ({"kind": "sparsify", "sparsity": 0.5, "max_loss": 0.1}, "max_loss searches for how many zeros there may be"),
        ({"kind": "sparsify", "max_loss": 0.1, "target": "macs=0.5"}, "target macs=0.5: with these passes max_loss"),
        ({"kind": "quantise", "ops": ["Con"]}, "did you mean Conv"),
    ],
)
def test_what_is_wrong_is_told_before_the_first_stage(
    do: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, stage: dict[str, Any], told: str
) -> None:
    monkeypatch.setattr(running, "_staged", lambda *_: pytest.fail("a stage began"))
    with pytest.raises(InputError) as caught:
        do(PRUNE, stage)
    assert str(caught.value).startswith(f"stage 2 ({stage['kind']}): ") and told in str(caught.value)


@pytest.mark.parametrize(
    ("stages", "above", "told"),
    [
        ([{"kind": "quantise", "mode": "static"}], {}, "stage 1 (quantise): static quantisation needs data"),
        ([{"kind": "prune", "max_loss": 0.1}], {}, "stage 1 (prune): max_loss needs data"),
        ([PRUNE], {"max_loss": 0.1}, "max_loss needs data to see the loss on"),
        ([PRUNE], {"metric": "mine:f"}, "metric says what the loss is"),
        ([PRUNE], {"target": "latency=0.5", "bench": False}, "a target in time has to be measured"),
        (
            [{"kind": "sparsify", "sparse_format": "op", "sparsity": 0.5}, QUANTISE],
            {},
            "stage 1 (sparsify): sparse_format = op packs weights at the end, and quantise can't follow then",
        ),
        (
            [{"kind": "sparsify", "pattern": "2:4", "method": "armor"}, QUANTISE, PRUNE],
            {},
            "stage 1 (sparsify): method=armor puts layers between matrices, and prune can't follow then",
        ),
    ],
)
def test_what_makes_no_sense_together(
    tmp_path: Path, stages: list[dict[str, Any]], above: dict[str, Any], told: str
) -> None:
    model = place(tmp_path)
    with pytest.raises(InputError) as caught:
        run(Recipe.of(stage=stages, **above), model, tmp_path / "out.onnx")
    assert str(caught.value).startswith(told)


def test_a_recipe_without_stages_is_optimize(tmp_path: Path) -> None:
    model = place(tmp_path)
    recipe = Recipe.of(target="params=0.6", data=tmp_path / "calib.npz", bench=False, verify=False)
    assert isinstance(run(recipe, model, tmp_path / "one.onnx").plan, Plan)
    optimize(model, tmp_path / "two.onnx", recipe.options)
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()
