"""Directories on the command line: in, out, side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run, sentence
from tests.directory.made import seq2seq, single, weights_of

STAGES = """
[[stage]]
kind = "prune"
target = "params=0.8"

[[stage]]
kind = "sparsify"
pattern = "4x1"
least = 1
ends = true
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    single(tmp_path / "bert")
    seq2seq(tmp_path / "bart")
    return tmp_path


def test_one_model(place: Path, run: Run) -> None:
    done = run("optimize", "bert", "--target", "params=0.7", "--no-bench", "--report", "report")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "model.onnx" and "carried over  2 other files" in lines
    assert any(line.startswith("config        config.json: intermediate_size 64 to ") for line in lines)
    report = json.loads((place / "report" / "report.json").read_text(encoding="utf-8"))
    assert report["command"].startswith(
        "onnxprune optimize bert -o bert.pruned --target params=0.7 --data random --samples 32 "
    )
    assert [file["path"] for file in report["outputs"]] == ["bert.pruned/model.onnx"]
    assert (place / "bert.pruned" / "tokenizer.json").is_file()


def test_the_directory_that_one_is_in(place: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place / "bert")
    done = run("optimize", ".", "--target", "params=0.7", "--no-bench")
    assert done.exit_code == 0 and (place / "bert.pruned" / "model.onnx").is_file(), done.output


def test_several_models(place: Path, run: Run) -> None:
    done = run("optimize", "bart", "-o", "small", "--no-bench", "--report", "report", "--json")
    assert done.exit_code == 0, done.output
    body = json.loads(done.stdout)
    assert body["target"]["met"] and list(body["models"]) == list(body["reports"])
    assert {key: body[key] for key in json.loads((place / "small" / "onnxprune.json").read_text("utf-8"))} == {
        **json.loads((place / "small" / "onnxprune.json").read_text("utf-8"))
    }
    again = run("optimize", "bart", "-o", "again", "--no-bench", "--plan", "report")
    assert again.exit_code == 0, again.output
    for name in body["models"]:
        assert (place / "again" / name).read_bytes() == (place / "small" / name).read_bytes()


def test_a_target_that_is_out_of_reach(place: Path, run: Run) -> None:
    done = run("optimize", "bart", "--target", "macs=0.01", "--no-bench")
    assert done.exit_code == 1 and (place / "bart.pruned" / "decoder_model.onnx").is_file()
    last = done.stderr.splitlines()[-1]
    assert last.startswith("target macs=0.01 not met: ") and last.endswith("the best result is written to bart.pruned")


def test_stages_of_a_recipe(place: Path, run: Run) -> None:
    (place / "recipe.toml").write_text(f"bench = false\nreport = 'report'\n{STAGES}", encoding="utf-8")
    done = run("optimize", "bert", "-o", "small", "--recipe", "recipe.toml")
    assert done.exit_code == 0, done.output
    small = weights_of(place / "small" / "model.onnx")["up"]
    assert small.shape[1] < 64 and (small == 0).mean() >= 0.4
    report = json.loads((place / "report" / "report.json").read_text(encoding="utf-8"))
    assert report["command"] == "onnxprune optimize bert -o small --recipe recipe.toml"


def test_file_by_file(place: Path, run: Run) -> None:
    assert run("optimize", "bart", "-o", "small", "--no-bench", "--file", "encoder*").exit_code == 0
    models = ["decoder_model.onnx", "decoder_with_past_model.onnx", "encoder_model.onnx"]
    for command in (["compare", "--rounds", "3"], ["bench", "--rounds", "3"]):
        found = json.loads(run(*command, "bart", "small", "--json").stdout)["models"]
        assert list(found) == models
        shown = [line for line in run(*command, "bart", "small").stdout.splitlines() if line in models]
        assert shown == models
    found = json.loads(run("compare", "bart", "small", "--rounds", "3", "--json").stdout)["models"]
    assert found["encoder_model.onnx"]["after"]["macs"] < found["encoder_model.onnx"]["before"]["macs"]
    assert found["decoder_model.onnx"]["fidelity"]["worst"]["max_abs"] == 0
    assert list(json.loads(run("analyze", "small", "--json").stdout)["models"]) == models
    assert run("analyze", "small", "--sparsity").stdout.splitlines()[0] == models[0]
    assert run("analyze", "bert", "--graph", "graph.graphml").exit_code == 0 and (place / "graph.graphml").is_file()


def test_where_one_model_is_meant(place: Path, run: Run) -> None:
    assert run("gate", "record", "bert").exit_code == 0
    assert run("gate", "check", "bert", "--limit", "size=1.0").exit_code == 0
    assert run("explain", "bert", "up").exit_code == 0
    done = run("gate", "record", "bart")
    assert done.exit_code == 2 and "bart: holds several models, so name one of them: decoder_model.onnx" in done.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("compare", "bart", "bert"), "bert/decoder_model.onnx: no such file, though bart has a model of that name"),
        (("bench", "bart", "bert/model.onnx"), "is compared with a directory (bart), so it should be one, too"),
        (("optimize", "bert/model.onnx", "--file", "x"), "--file x: chooses models of a directory"),
        (("optimize", "bert", "-o", "bert"), "the output is the input"),
        (
            ("optimize", "bert", "-o", "out", "--report", "out/report"),
            "lies in the output 'out'; give a folder outside",
        ),
        (
            ("optimize", "bert", "-o", "out", "--report", "bert/report"),
            "lies in the input 'bert'; give a folder outside",
        ),
        (
            ("optimize", "bart", "--recipe", "two.toml"),
            "two.toml: has stages, which take one model at a time, and bart",
        ),
        (("analyze", "empty"), "empty: is a folder without an ONNX file (*.onnx)"),
    ],
)
def test_refusals(place: Path, run: Run, words: tuple[str, ...], reason: str) -> None:
    (place / "empty").mkdir()
    (place / "two.toml").write_text(STAGES, encoding="utf-8")
    before = sorted(place.rglob("*"))
    done = run(*words)
    assert done.exit_code == 2 and reason in sentence(done)
    assert sorted(place.rglob("*")) == before
