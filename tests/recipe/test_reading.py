"""Recipes out of files: paths, what wins, and the sentence for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from onnxprune import InputError, Recipe, Target, run
from onnxprune.recipe.steps import Prune, Quantise, Recover
from tests.recipe.made import place


def read(folder: Path, text: str, **over: object) -> Recipe:
    (folder / "recipe.toml").write_text(text)
    return Recipe.load(folder / "recipe.toml", **over)


def test_paths_are_of_the_recipes_folder(tmp_path: Path) -> None:
    text = 'data = "d.npz"\noutput = "o.onnx"\nreport = "r"\nplan = "p.json"\npreprocess = "p.toml"\n'
    found = read(tmp_path, text)
    options = found.options
    assert options.calibration == str(tmp_path / "d.npz") and options.plan == tmp_path / "p.json"
    assert options.preprocess == tmp_path / "p.toml"
    assert (found.output, found.report) == (tmp_path / "o.onnx", tmp_path / "r")
    for name in ("random", "mine:calls"):
        assert read(tmp_path, f'data = "{name}"').options.calibration == name
    (tmp_path / "random").mkdir()  # a folder of that name is meant, if there is one
    assert read(tmp_path, 'data = "random"').options.calibration == str(tmp_path / "random")
    assert read(tmp_path, 'data = "d.npz"', data="other.npz").options.calibration == "other.npz"


def test_what_is_said_beside_it_wins(tmp_path: Path) -> None:
    found = read(tmp_path, 'target = "macs=0.5"\nseed = 1\nprotect = ["a"]', seed=2, target="params=0.4")
    assert (found.options.seed, found.options.target, found.options.protect) == (2, Target("params", 0.4), ("a",))


def test_files_of_any_editor_are_read(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_bytes(b"\xef\xbb\xbfseed = 3\r\n# \xc3\xbc\r\nthreads = 2\r\n")
    options = Recipe.load(tmp_path / "recipe.toml").options
    assert (options.seed, options.threads) == (3, 2)


STAGES = """
target = "macs=0.4"
seed = 1
data = "d.npz"
protect = ["a"]
[[stage]]
kind = "prune"
protect = ["b"]
target = "macs=0.6"
[[stage]]
kind = "recover"
seed = 3
data = "more.npz"
[[stage]]
kind = "quantise"
"""


def test_what_stands_above_is_a_default_of_all_stages(tmp_path: Path) -> None:
    found = read(tmp_path, STAGES)
    prune, recover, quantise = (step.work for step in found.steps)
    assert found.options.target == Target("macs", 0.4) and isinstance(prune, Prune)
    assert (prune.options.target, prune.options.seed, prune.options.protect) == (Target("macs", 0.6), 1, ("b",))
    assert prune.options.calibration == str(tmp_path / "d.npz")
    assert isinstance(recover, Recover) and recover.training.seed == 3
    assert recover.inputs.data == str(tmp_path / "more.npz")
    assert isinstance(quantise, Quantise) and quantise.seed == 1 and quantise.setting.protect == ["a"]
    # settings are told as they are written
    assert found.steps[1].settings == {"seed": 3, "data": "more.npz"}
    assert found.steps[2].settings == {"seed": 1, "data": "d.npz", "protect": ["a"]}


def test_the_command_line_wins_over_stages_too(tmp_path: Path) -> None:
    found = read(tmp_path, STAGES, seed=9, data="best.npz", target="macs=0.3")
    prune, recover, quantise = (step.work for step in found.steps)
    assert isinstance(prune, Prune) and isinstance(recover, Recover) and isinstance(quantise, Quantise)
    assert found.options.target == Target("macs", 0.3) and prune.options.target == Target("macs", 0.6)
    assert (prune.options.seed, recover.training.seed, quantise.seed) == (9, 9, 9)
    assert {prune.options.calibration, recover.inputs.data, quantise.inputs.data} == {"best.npz"}


def test_functions_are_found_beside_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    model = place(home)
    (home / "calls_of_a_recipe.py").write_text(
        "import numpy as np\ndef calls():\n    yield from ({'x': np.full((1, 3, 16, 16), k, 'f4')} for k in range(8))\n"
    )
    monkeypatch.chdir(tmp_path)
    recipe = read(home, 'data = "calls_of_a_recipe:calls"\nbench = false\nverify = false\n')
    assert "calls_of_a_recipe" in str(run(recipe, model, tmp_path / "out.onnx").plan.repairs)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("targt = 'macs=0.5'", "there is no key 'targt'; did you mean target"),
        ("target = 'macs=2'", "target should be a quantity and a fraction of it, such as"),
        ("target = 0.5", "but is 0.5"),
        ("threads = 0", "threads should be a whole number from 1, but is 0"),
        ("threads = '4'", "threads should be a whole number from 1, but is '4'"),
        ("max_loss = 1.0", "max_loss should be a number from 0, below 1, but is 1.0"),
        ("protect = 'a'", "protect should be a list of texts, but is 'a'"),
        ("align = 'wide'", "align should be one of auto, or a whole number from 1, but is 'wide'"),
        ("recover = 'soon'", "recover should be a whole number from 1, or a time such as"),
        ("mask_method = 'l0'", "mask_method says how masks are trained, and needs train_masks"),
        ("threads = ", "isn't TOML"),
        ("stage = 1", "stage should be tables [[stage]], each with its kind, but is 1"),
        (
            "[[stage]]\nkind = 'prun'",
            "kind of stage 1 should be one of prune, sparsify, recover, quantise, but is 'prun'",
        ),
        (
            "[[stage]]\ntarget = 'macs=0.5'",
            "kind of stage 1 should be one of prune, sparsify, recover, quantise, but isn't",
        ),
        ("[[stage]]\nkind = 'recover'\nrates = 1", "stage 1 (recover): there is no key 'rates'; did you mean rate"),
        ("[[stage]]\nkind = 'recover'\nrate = -1", "stage 1 (recover): rate should be a number above 0, but is -1"),
        (
            "[[stage]]\nkind = 'sparsify'\npattern = '16x1,ends=true'",
            "(sparsify): pattern should be a word, but is '16x1,",
        ),
        ("criterion = 'l1'\n[[stage]]\nkind = 'prune'", "'criterion' belongs into a [[stage]] of the kind prune, for"),
        ("[stages]\na = 1", "there is no key 'stages'; did you mean"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'recipe.toml'}") and told in str(caught.value)


def test_mistakes_beside_it_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="beside the recipe: there is no key 'sed'; did you mean seed"):
        read(tmp_path, "", sed=1)
    with pytest.raises(InputError, match="there are stages, so 'criterion' belongs into one of them"):
        read(tmp_path, STAGES, criterion="l1")
    with pytest.raises(InputError, match="recipe: there is no key 'sed'"):
        Recipe.of(sed=1)
    with pytest.raises(InputError, match="No such file"):
        Recipe.load(tmp_path / "none.toml")


def test_what_makes_no_sense_is_told_with_the_file(tmp_path: Path) -> None:
    recipe = read(tmp_path, "max_loss = 0.1")
    with pytest.raises(InputError) as caught:
        run(recipe, place(tmp_path), tmp_path / "out.onnx")
    assert str(caught.value).startswith(f"{recipe.file}: max_loss needs data to see the loss on (data)")
