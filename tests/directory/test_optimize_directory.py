"""A directory with one model, in and out."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune.directory import beside, note, optimize_directory
from onnxprune.errors import InputError
from onnxprune.pruning import Options, Target, optimize, recover
from onnxprune.recipe.recipe import Recipe
from tests.directory.made import ENCODER, single, stored, weights_of
from tests.oracle import build

FAST = Options(target=Target("params", 0.7), bench=False)


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize("external", [False, True])
def test_the_model_is_pruned_and_the_rest_carried_over(tmp_path: Path, external: bool) -> None:
    source, output = single(tmp_path / "dense", external=external), tmp_path / "small"
    result = optimize_directory(source, output, FAST)
    assert tree(output) == tree(source) | {"onnxprune.json"} and tree(tmp_path) > {"dense", "small"}
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    assert (output / "tokenizer.json").read_bytes() == (source / "tokenizer.json").read_bytes()
    dense, small = (weights_of(folder / "model.onnx") for folder in (source, output))
    width = small["up"].shape[1]
    assert small["down"].shape == (width, 16) and width < dense["up"].shape[1]
    onnx.checker.check_model(output / "model.onnx")
    (one,) = result.results.values()
    assert one.proof.ok and result.met and one.output == output / "model.onnx" and all(p.is_file() for p in one.written)
    config = json.loads((output / "config.json").read_text(encoding="utf-8"))
    assert config["intermediate_size"] == width and config["hidden_size"] == 16
    said = json.loads((output / "onnxprune.json").read_text(encoding="utf-8"))
    assert said == json.loads(json.dumps(note(result, output)))
    assert said["config"] == [
        {"file": "config.json", "field": "intermediate_size", "before": 64, "layers": [width], "after": width}
    ]
    total = sum(array.size for name, array in small.items())
    assert said["models"]["model.onnx"]["params"][1] == total


def test_an_earlier_result_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    source, output = single(tmp_path / "dense"), tmp_path / "small"
    optimize_directory(source, output, FAST)
    (source / "added.txt").touch()
    again = optimize_directory(source, output, Options(target=Target("params", 0.5), bench=False))
    assert weights_of(output / "model.onnx")["up"].shape[1] < 48 and (output / "added.txt").is_file()
    assert again.carried == ["added.txt", "config.json", "tokenizer.json"]
    (output / "mine.txt").touch()
    with pytest.raises(InputError, match=r"small: holds mine.txt, which would be lost; give another name"):
        optimize_directory(source, output, FAST)
    assert (output / "mine.txt").is_file()


def test_what_lies_there_already_stays(tmp_path: Path) -> None:
    source, output = single(tmp_path / "dense"), tmp_path / "mine"
    output.mkdir()
    (output / "thesis.tex").touch()
    with pytest.raises(InputError, match="is there already and is no result of onnxprune"):
        optimize_directory(source, output, FAST)
    for place, reason in (
        (source, "the output is the input"),
        (source / "small", "one of the input and the output lies in the other"),
        (tmp_path, "one of the input and the output lies in the other"),
        (tmp_path / "no" / "where", "does not exist"),
        (output / "thesis.tex", "is no directory"),
        (tmp_path / "small.onnx", "is the name of a file, and what becomes of a directory is one; say '.*/small', or"),
    ):
        with pytest.raises(InputError, match=reason):
            optimize_directory(source, place, FAST)
    assert tree(tmp_path) == {"dense", "mine", "mine/thesis.tex", *(f"dense/{name}" for name in tree(source))}


def test_a_model_that_cannot_be_pruned_leaves_nothing(tmp_path: Path) -> None:
    source = single(tmp_path / "dense")
    with pytest.raises(InputError, match=f"^{source}/model.onnx: nothing to prune"):
        optimize_directory(source, tmp_path / "small", Options(protect=["*"]))
    (source / "model.onnx").write_bytes(b"no model")
    with pytest.raises(InputError, match=r"dense/model.onnx: .*"):
        optimize_directory(source, tmp_path / "small", FAST)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["dense"]


def test_a_configuration_that_is_none_goes_over_as_it_is(tmp_path: Path) -> None:
    source = single(tmp_path / "dense")
    (source / "config.json").write_text("{,}", encoding="utf-8")
    result = optimize_directory(source, tmp_path / "small", FAST)
    assert (tmp_path / "small" / "config.json").read_text(encoding="utf-8") == "{,}"
    assert result.warnings == ["config.json: can't be read as JSON, so what it says of widths can't be looked at"]


def test_where_nobody_says_where_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = single(tmp_path / "dense")
    monkeypatch.chdir(source)
    for here in (Path(), source, Path("..") / "dense", source / ".." / "dense"):
        assert beside(here).resolve() == tmp_path / "dense.pruned"
    with pytest.raises(InputError, match="has nothing beside it, so say where"):
        beside(Path("/"))
    assert optimize_directory(".", options=FAST).output == tmp_path / "dense.pruned"
    assert optimize_directory(".", options=Recipe(FAST, output=Path("..") / "small")).output == Path("..") / "small"
    assert {path.name for path in tmp_path.iterdir()} == {"dense", "dense.pruned", "small"}


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are texts elsewhere")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    source, output = single(tmp_path / "dense"), tmp_path / "small"
    name = os.fsdecode(b"notes-\xff.txt")
    (source / name).touch()
    optimize_directory(source, output, FAST)
    assert name in optimize_directory(source, output, FAST).carried and (output / name).is_file()


def test_a_file_takes_other_verbs(tmp_path: Path) -> None:
    source = single(tmp_path / "dense")
    with pytest.raises(InputError, match=r"dense: is a folder, not an ONNX file; .*optimize_directory takes it"):
        optimize(source, tmp_path / "small.onnx", FAST)
    with pytest.raises(InputError, match="dense: is a folder, not an ONNX file; name the model in it"):
        recover(source, source, tmp_path / "small.onnx")


def test_a_cache_of_the_hub(tmp_path: Path) -> None:
    """Files are links to blobs beside the directory: the result is whole without them."""
    source, blobs = single(tmp_path / "dense", external=True), tmp_path / "blobs"
    blobs.mkdir()
    for number, path in enumerate(sorted(source.iterdir())):
        path.rename(blobs / str(number))
        path.symlink_to(os.path.relpath(blobs / str(number), source))
    optimize_directory(source, tmp_path / "small", FAST)
    assert tree(tmp_path / "small") == tree(source) | {"onnxprune.json"}
    assert not any(path.is_symlink() for path in (tmp_path / "small").iterdir())
    assert weights_of(tmp_path / "small" / "model.onnx")["up"].shape[1] < 64


def test_models_that_are_not_named_are_carried_over(tmp_path: Path) -> None:
    source = single(tmp_path / "dense")
    (source / "onnx").mkdir()
    stored(source / "onnx" / "other.onnx", build(ENCODER, seed=3))
    result = optimize_directory(source, tmp_path / "small", FAST, only=["model.onnx"])
    assert list(result.results) == ["model.onnx"] and "onnx/other.onnx" in result.carried
    kept = weights_of(tmp_path / "small" / "onnx" / "other.onnx")
    np.testing.assert_array_equal(kept["up"], weights_of(source / "onnx" / "other.onnx")["up"])
