"""The main job on small models: target, proof, plan, replay, refusal."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.errors import InputError, VerificationError
from onnxprune.pruning import Options, Target, optimize, read
from onnxprune.rewrite import shrink
from tests.nets import CNN
from tests.oracle import build


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    onnx.save(build(CNN), path)
    return path


@pytest.mark.parametrize("target", ["macs=0.5", "params=0.6", "size=0.7", "macs=0.9"])
def test_targets_are_met_and_proved(source: Path, tmp_path: Path, target: str) -> None:
    wanted = Target.parse(target)
    result = optimize(source, tmp_path / "out.onnx", Options(target=wanted, bench=False))
    assert result.met
    # one group of 64 in steps of 4 makes most of the cost: widths can come no closer
    assert 0.85 * wanted.fraction <= result.fraction <= wanted.fraction
    assert result.proof.ok and result.proof.error <= 1e-5
    if wanted.quantity == "size":
        assert (tmp_path / "out.onnx").stat().st_size <= wanted.fraction * source.stat().st_size
    onnx.checker.check_model(tmp_path / "out.onnx", full_check=True)


@pytest.mark.parametrize("external", [False, True])
def test_a_target_in_bytes_is_judged_by_the_files(tmp_path: Path, external: bool) -> None:
    """Shapes that the source tells, and the result leaves out, are bytes; so are a data file's."""
    model = build(CNN)
    for number in range(0 if external else 100):
        model.graph.value_info.append(onnx.helper.make_tensor_value_info(f"unused_{number}", 1, [number]))
    (tmp_path / "dense").mkdir()
    source, output = tmp_path / "dense" / "model.onnx", tmp_path / "out.onnx"
    onnx.save(model, source, save_as_external_data=external, location="weights", size_threshold=0)
    result = optimize(source, output, Options(target=Target("size", 0.7), bench=False))
    before = sum(path.stat().st_size for path in source.parent.iterdir())
    after = sum(path.stat().st_size for path in tmp_path.glob("out*"))
    assert result.met and result.fraction == after / before <= 0.7


def test_counts_agree_with_the_file(source: Path, tmp_path: Path) -> None:
    result = optimize(source, tmp_path / "out.onnx", Options(bench=False))
    stored = {t.name: list(t.dims) for t in onnx.load(tmp_path / "out.onnx").graph.initializer}
    assert result.after["params"] == sum(int(np.prod(d)) for d in stored.values())
    width, last = stored["a"][0], stored["c"][0]
    assert result.after["macs"] == 256 * (width * 27 + width * width * 9 + last * width) + 10 * last
    assert all(d % 4 == 0 for d in (width, last))


def test_a_plan_does_it_again_byte_by_byte(source: Path, tmp_path: Path) -> None:
    first = optimize(source, tmp_path / "one.onnx", Options(bench=False))
    (tmp_path / "plan.json").write_text(first.plan.to_json(), encoding="utf-8")
    again = optimize(source, tmp_path / "two.onnx", Options(plan=tmp_path / "plan.json", bench=False))
    assert (tmp_path / "one.onnx").read_bytes() == (tmp_path / "two.onnx").read_bytes()
    assert again.plan.groups == first.plan.groups
    assert (
        again.plan.decided == first.plan.decided == {"criterion": "group_l2", "aggregate": "mean", "budget": "roofline"}
    )


def test_the_plan_says_how_members_were_aggregated(source: Path, tmp_path: Path) -> None:
    plain, most = (
        optimize(source, tmp_path / f"{how}.onnx", Options(bench=False, aggregate=how)).plan for how in ("", "max")
    )
    assert most.decided["aggregate"] == "max"
    assert [g["score"] for g in most.groups] != [g["score"] for g in plain.groups]
    jointly = optimize(source, tmp_path / "jointly.onnx", Options(bench=False, criterion="spectral_ks")).plan
    assert jointly.decided["aggregate"] == ""


def test_the_plan_says_what_is_left(source: Path, tmp_path: Path) -> None:
    result = optimize(source, tmp_path / "out.onnx", Options(bench=False))
    dense = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(source).graph.initializer}
    pruned = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(tmp_path / "out.onnx").graph.initializer}
    for name, axes in result.plan.initializers.items():
        kept = dense[name]
        for axis, indices in axes.items():
            kept = np.take(kept, indices, int(axis))
        np.testing.assert_array_equal(kept, pruned[name])
    assert json.loads(result.plan.to_json())["version"] == 1


def test_same_seed_same_file(source: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        optimize(source, tmp_path / name, Options(criterion="random", seed=3, bench=False))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    optimize(source, tmp_path / "three", Options(criterion="random", seed=4, bench=False))
    assert (tmp_path / "one").read_bytes() != (tmp_path / "three").read_bytes()


def test_an_unreachable_target_gives_the_best_there_is(source: Path, tmp_path: Path) -> None:
    result = optimize(source, tmp_path / "out.onnx", Options(target=Target("macs", 0.001), bench=False))
    assert not result.met
    assert 0.001 < result.fraction < 0.1
    assert (tmp_path / "out.onnx").exists()
    assert any(lock.kind == "output" for lock in result.locked)


def test_a_wrong_rewrite_is_not_written(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = import_module("onnxprune.pruning.variant")

    def wrong(model, analysis, keep):  # type: ignore[no-untyped-def]
        changed = shrink(model, analysis, keep)
        bias = next(t for n in model.graph.nodes for t in n.inputs if t.name == "bbias")
        bias.values = bias.values[::-1].copy()
        return changed

    monkeypatch.setattr(module, "shrink", wrong)
    with pytest.raises(VerificationError, match="failed its proof, so it was not written"):
        optimize(source, tmp_path / "out.onnx", Options(bench=False))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["model.onnx"]


def test_measured(source: Path, tmp_path: Path) -> None:
    result = optimize(source, tmp_path / "out.onnx")
    assert result.measured is not None and result.measured.latency is not None and result.measured.fidelity is not None
    assert result.measured.bytes == (source.stat().st_size, (tmp_path / "out.onnx").stat().st_size)
    assert result.measured.fidelity.worst.relative > 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            Options(protect=("*",)),
            r"channels, head_dim, heads take none of its \d+ free groups within the given scope$",
        ),
        (Options(passes=("heads",)), "nothing to prune: .*; --pass channels would take some$"),
        (Options(criterion="beauty"), "no criterion 'beauty'"),
        (Options(budget="none"), "no budget 'none'"),
        (Options(plan=Path("nowhere.json")), "nowhere.json: can't be read"),
    ],
)
def test_refusals(source: Path, tmp_path: Path, options: Options, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        optimize(source, tmp_path / "out.onnx", options)
    assert not (tmp_path / "out.onnx").exists()


@pytest.mark.parametrize(
    ("place", "reason"),
    [("model.onnx", "the output is the input"), ("", "is a folder"), ("no/out.onnx", "does not exist")],
)
def test_outputs_that_cannot_be(source: Path, tmp_path: Path, place: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        optimize(source, tmp_path / place)


def test_plans_for_other_models_are_refused(source: Path, tmp_path: Path) -> None:
    result = optimize(source, tmp_path / "out.onnx", Options(bench=False))
    (tmp_path / "plan.json").write_text(result.plan.to_json(), encoding="utf-8")
    other = tmp_path / "other.onnx"
    onnx.save(build(CNN.replace("64", "48")), other)
    with pytest.raises(InputError, match="is not in this model"):
        optimize(other, tmp_path / "again.onnx", Options(plan=tmp_path / "plan.json", bench=False))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "no JSON"),
        ("[]", "not a plan of version 1"),
        ('{"version": 2, "groups": []}', "not a plan of version 1"),
        (
            '{"version": 1, "groups": [{"id": "a", "size": 2, "kept": [5]}]}',
            "no usable id, size and kept units",
        ),
        ('{"version": 1, "groups": [3]}', "no usable id, size and kept units"),
    ],
)
def test_damaged_plans(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "plan.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=reason):
        read(tmp_path / "plan.json")


@pytest.mark.parametrize("text", ["macs", "macs=", "macs=half", "macs=0", "macs=1.5", "speed=0.5", "=0.5"])
def test_bad_targets(text: str) -> None:
    with pytest.raises(InputError, match="target"):
        Target.parse(text)
