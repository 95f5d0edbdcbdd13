"""Several models of a directory under one target."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune import budget
from onnxprune.coupling import analyze
from onnxprune.directory import DirectoryResult, optimize_directory, warnings
from onnxprune.errors import InputError
from onnxprune.graph import load, normalize
from onnxprune.pruning import Options, Target
from onnxprune.pruning.ties import ties
from onnxprune.recipe.recipe import Recipe
from onnxprune.runtime import run, session
from tests.directory.made import DECODER, seq2seq, stored, weights_of
from tests.oracle import build

NAMES = ["decoder_model.onnx", "decoder_with_past_model.onnx", "encoder_model.onnx"]
MERGED = """agraph (bool use_cache, float[batch,steps,16] x) => (float[batch,steps,16] y)
<float[16,48] up, float[48,16] down>
{
  y = If (use_cache) <
    then_branch = past () => (float[batch,steps,16] u) { h = MatMul(x, up) r = Relu(h) u = MatMul(r, down) },
    else_branch = first () => (float[batch,steps,16] v) { g = MatMul(x, up) q = Relu(g) v = MatMul(q, down) }
  >
}"""

HALF = Options(target=Target("macs", 0.5), bench=False, data={"batch": 1, "sequence": 8, "steps": 4, "past": 3})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return seq2seq(tmp_path / "dense")


def kept(result: DirectoryResult, model: str, tensor: str, axis: int) -> list[int]:
    return result.results[model].plan.initializers[tensor][str(axis)]


def test_half_of_the_sum_is_left(source: Path, tmp_path: Path) -> None:
    result = optimize_directory(source, tmp_path / "small", HALF)
    assert list(result.results) == NAMES
    before, after = result.total("macs")
    assert result.met and 0.4 * before < after <= 0.5 * before and result.fraction == pytest.approx(after / before)
    assert all(one.proof.ok for one in result.results.values())
    said = json.loads((tmp_path / "small" / "onnxprune.json").read_text(encoding="utf-8"))
    assert said["target"] == {"quantity": "macs", "fraction": 0.5, "left": result.fraction, "met": True}


def test_bytes_are_those_of_all_files(source: Path, tmp_path: Path) -> None:
    encoder = onnx.load(source / "encoder_model.onnx")
    for number in range(100):  # the result leaves them out
        encoder.graph.value_info.append(onnx.helper.make_tensor_value_info(f"unused_{number}", 1, [number]))
    onnx.save(encoder, source / "encoder_model.onnx")
    result = optimize_directory(source, tmp_path / "small", Options(target=Target("size", 0.7), bench=False))
    before, after = (sum(path.stat().st_size for path in folder.glob("*.onnx")) for folder in (source, result.output))
    assert result.met and result.fraction == after / before <= 0.7


def test_no_single_model_has_to_meet_the_target(source: Path, tmp_path: Path) -> None:
    result = optimize_directory(source, tmp_path / "small", replace(HALF, protect=["read", "write"]))
    left = {name: one.after["macs"] / one.before["macs"] for name, one in result.results.items()}
    assert result.met and left["decoder_model.onnx"] > 0.5 > left["encoder_model.onnx"], left


def test_shared_weights_lose_the_same_units(source: Path, tmp_path: Path) -> None:
    result = optimize_directory(source, tmp_path / "small", replace(HALF, criterion="random"))
    first, then, _ = NAMES
    assert kept(result, first, "up", 1) == kept(result, then, "weight_1", 1) == kept(result, then, "weight_2", 0)
    one, other = (weights_of(tmp_path / "small" / name) for name in (first, then))
    np.testing.assert_array_equal(one["up"], other["weight_1"])
    np.testing.assert_array_equal(one["down"], other["weight_2"])


def test_a_merged_decoder_loses_what_the_others_lose(source: Path, tmp_path: Path) -> None:
    """Its branches are both decoders, over one set of weights."""
    merged, dense = build(MERGED, seed=4), onnx.load(source / "decoder_model.onnx")
    for name in ("up", "down"):
        own, other = (next(t for t in model.graph.initializer if t.name == name) for model in (merged, dense))
        own.CopyFrom(other)
    onnx.save(merged, source / "decoder_model_merged.onnx")
    result = optimize_directory(source, tmp_path / "small", HALF)
    first, then, _ = NAMES
    units = kept(result, first, "up", 1)
    assert result.met and len(units) < 48
    assert units == kept(result, then, "weight_1", 1) == kept(result, "decoder_model_merged.onnx", "up", 1)
    assert result.results["decoder_model_merged.onnx"].proof.status == "proved"


def test_what_crosses_between_the_files_still_fits(source: Path, tmp_path: Path) -> None:
    """Encoder, then a decoder, then the other one, on pruned files; that each is right is what the proof says."""
    optimize_directory(source, tmp_path / "small", HALF)
    decoder, past, encoder = (session(tmp_path / "small" / name) for name in NAMES)
    hidden = run(encoder, {"input_ids": np.array([[1, 5, 2, 7]])})["last_hidden_state"]
    assert hidden.shape == (1, 4, 16)
    first = run(decoder, {"input_ids": np.array([[3, 4]]), "encoder_hidden_states": hidden})
    then = run(past, {"input_ids": np.array([[6]]), "past_key": first["present"]})
    assert first["logits"].shape == (1, 2, 11) and then["present"].shape == (1, 3, 16)


def test_a_plan_of_each_does_it_again(source: Path, tmp_path: Path) -> None:
    first = optimize_directory(source, tmp_path / "small", HALF)
    for name, one in first.results.items():
        place = tmp_path / "plans" / name.removesuffix(".onnx")
        place.mkdir(parents=True)
        (place / "plan.json").write_text(one.plan.to_json(), encoding="utf-8")
    again = optimize_directory(source, tmp_path / "again", replace(HALF, plan=tmp_path / "plans"))
    for name in NAMES:
        assert (tmp_path / "small" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()
    assert [field.after for field in again.fields] == [field.after for field in first.fields]
    with pytest.raises(InputError, match="so give the folder of the report of all of them"):
        optimize_directory(source, tmp_path / "no", replace(HALF, plan=tmp_path / "plans" / "x.json"))


def test_widths_in_the_configuration_are_those_of_their_side(source: Path, tmp_path: Path) -> None:
    result = optimize_directory(source, tmp_path / "small", HALF)
    config = json.loads((tmp_path / "small" / "config.json").read_text(encoding="utf-8"))
    encoder, decoder = (weights_of(tmp_path / "small" / f"{side}_model.onnx")["up"] for side in ("encoder", "decoder"))
    assert (config["encoder_ffn_dim"], config["decoder_ffn_dim"]) == (encoder.shape[1], decoder.shape[1])
    assert {field.field for field in result.fields} == {"encoder_ffn_dim", "decoder_ffn_dim"}


def test_data_are_those_of_each(source: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    tokens = np.random.default_rng(0).integers(0, 11, (6, 8))
    np.savez(data / "encoder_model.npz", input_ids=tokens)
    result = optimize_directory(source, tmp_path / "small", replace(HALF, calibration=str(data)))
    assert [text for text in result.warnings if "holds no data" in text] == [
        f"{data} holds no data for {name} ({name.removesuffix('.onnx')}.npz): inputs are made up for it"
        for name in NAMES[:2]
    ]
    plan = result.results["encoder_model.onnx"].plan
    assert plan.decided["criterion"] == "obs_loss" and plan.repairs[0]["data"]["name"].endswith("encoder_model.npz")
    assert any("the same units, but not the same values" in text for text in result.warnings)
    made_up = [text for text in warnings(result) if "the data are made up" in text]
    assert [text.split(": ")[0] for text in made_up] == NAMES[:2]
    first, then, _ = NAMES
    assert kept(result, first, "up", 1) == kept(result, then, "weight_1", 1)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (Options(calibration="calib.npz"), r"--data calib.npz: there are several models .*give a folder that holds"),
        (Options(max_loss=0.1, calibration="random"), "--max-loss looks at one model at a time, and .* --file"),
        (Options(search_minutes=1), "--search-minutes looks at one model at a time"),
        (Options(target=Target("latency", 0.5)), "share no time"),
        (Options(budget="sensitivity"), "--budget sensitivity tries masks in one model at a time"),
        (Options(passes=["sparsify{sparsity=0.5}"]), "--pass 'sparsify{sparsity=0.5}' works on one model at a time"),
        (Options(protect=["*"]), "^nothing to prune: .*decoder_model.onnx: .*; .*encoder_model.onnx: "),
        (Options(data={"nowhere": 3}), "nowhere"),
    ],
)
def test_what_is_for_one_model_only(source: Path, tmp_path: Path, options: Options, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        optimize_directory(source, tmp_path / "small", options)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dense"]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("max_loss = 0.1", "recipe.toml: max_loss looks at one model at a time, and "),
        ('criterion = "nope"', "recipe.toml: no criterion 'nope'"),
    ],
)
def test_what_a_recipe_says_is_told_of_the_recipe(source: Path, tmp_path: Path, key: str, reason: str) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(key, encoding="utf-8")
    with pytest.raises(InputError, match=reason):
        optimize_directory(source, tmp_path / "small", Recipe.load(recipe))


def test_a_folder_without_data_of_any(source: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds nothing for any of decoder_model.onnx"):
        optimize_directory(source, tmp_path / "small", replace(HALF, calibration=str(source)))


def test_globs_that_match_in_one_model_are_not_misspelled(source: Path, tmp_path: Path) -> None:
    result = optimize_directory(source, tmp_path / "small", replace(HALF, protect=["read", "nobody"]))
    assert [text for text in result.warnings if "matches no" in text] == [
        "--protect 'nobody' matches no weight and no node that uses one"
    ]
    assert "read" not in result.results["decoder_model.onnx"].plan.initializers


def test_units_that_are_protected_in_one_model_stay_in_the_other(source: Path, tmp_path: Path) -> None:
    result = optimize_directory(source, tmp_path / "small", replace(HALF, protect=["weight_1"]))
    first, then, _ = NAMES
    assert not {"up", "down"} & result.results[first].plan.initializers.keys()
    assert not {"weight_1", "weight_2"} & result.results[then].plan.initializers.keys()
    assert any("can't lose the same units of them" in text for text in result.warnings)


def test_a_model_that_is_left_behind_is_told_of(source: Path, tmp_path: Path) -> None:
    result = optimize_directory(source, tmp_path / "small", Options(bench=False), only=["decoder_model.onnx"])
    (told,) = [text for text in result.warnings if "two models" in text]
    assert told.startswith("decoder_with_past_model.onnx holds weights of decoder_model.onnx and isn't pruned with it")


def test_weights_that_stay_whole_are_no_tie_to_what_is_left_behind(source: Path, tmp_path: Path) -> None:
    """The encoder's words are the decoder's, as they often are."""
    encoder, decoder = (onnx.load(source / name) for name in ("encoder_model.onnx", "decoder_model.onnx"))
    own, words = (next(t for t in m.graph.initializer if t.name == "words") for m in (encoder, decoder))
    own.CopyFrom(words)
    onnx.save(encoder, source / "encoder_model.onnx")
    result = optimize_directory(source, tmp_path / "small", Options(bench=False), only=["encoder_model.onnx"])
    assert result.met and not any("two models" in text for text in result.warnings)


@pytest.mark.parametrize("name", [one.name for one in budget.budgets() if one.needs != budget.Needs.TRIALS])
def test_every_budget_shares_out_over_files(source: Path, tmp_path: Path, name: str) -> None:
    result = optimize_directory(source, tmp_path / "small", replace(HALF, budget=name, verify=False))
    before, after = result.total("macs")
    assert result.met and 0.3 * before < after <= 0.5 * before
    first, then, _ = NAMES
    narrowed = [weights_of(tmp_path / "small" / model) for model in (first, then)]
    np.testing.assert_array_equal(narrowed[0]["up"], narrowed[1]["weight_1"])


def test_weights_that_are_cut_differently_stay_whole(tmp_path: Path) -> None:
    """One model reads a matrix as a whole, the other the halves of its outputs apart."""
    halves = DECODER.replace("r = Relu(h)", "p, q = Split<axis=-1, num_outputs=2>(h)\n  pq = Mul(p, q)\n  r = Relu(pq)")
    halves = halves.replace("float[48,16] down", "float[24,16] down")
    models = {"plain": build(DECODER), "halves": build(halves)}
    analyses = {}
    for name, proto in models.items():
        model = normalize(load(stored(tmp_path / f"{name}.onnx", proto)))
        analyses[name] = analyze(model.graph, model.opsets)
    found = ties(analyses)
    whole = {name for name, _ in found.torn}
    assert whole == {"plain", "halves"} and any(key == ("plain", "up[1]") for key in found.torn)
    assert any({name for name, _ in keys} == whole and "read[1]" in {g for _, g in keys} for keys in found.same)
    again = ties({"one": analyses["plain"], "two": analyses["plain"]})
    assert not again.torn
