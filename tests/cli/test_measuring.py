"""`onnxprune bench` and `compare`. What the clock said is never asserted."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import FREE_BATCH, Run, sentence, stored

QUICK = ("--rounds", "3")


@pytest.fixture
def pruned(run: Run, cnn: Path) -> Path:
    assert run("optimize", cnn, "--no-bench", "--no-verify").exit_code == 0
    return cnn.with_name("model.pruned.onnx")


def test_bench_has_a_row_for_every_model(run: Run, cnn: Path, pruned: Path) -> None:
    done = run("bench", cnn, pruned, cnn, *QUICK)
    assert done.exit_code == 0 and done.stderr == ""
    rows = done.stdout.splitlines()
    assert [row.split()[0] for row in rows[2:5]] == [str(cnn), str(pruned), str(cnn)]
    assert rows[3].count("x") >= 2 and " to " in rows[3] and " to " not in rows[2]
    assert "x 1x3x16x16" in rows[6] and "1 thread), 3 rounds" in rows[7]


def test_bench_json(run: Run, cnn: Path, pruned: Path) -> None:
    found = json.loads(run("bench", cnn, pruned, *QUICK, "--json", "--threads", "2").stdout)
    assert [m["path"] for m in found["models"]] == [str(cnn), str(pruned)]
    assert found["models"][0]["speedup"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found["rounds"] == 3 and found["environment"]["threads"] == 2


def test_bench_with_a_length_for_an_open_dimension(run: Run, tmp_path: Path) -> None:
    model = stored(FREE_BATCH, tmp_path / "free.onnx")
    assert json.loads(run("bench", model, "--dim", "batch=6", *QUICK, "--json").stdout)["shapes"] == {"x": [6, 8]}
    assert "no dynamic axis" in sentence(run("bench", model, "--dim", "b=6"))


def test_models_that_take_different_inputs(run: Run, cnn: Path, tmp_path: Path) -> None:
    other = stored(FREE_BATCH, tmp_path / "free.onnx")
    for words in (("bench", cnn, other), ("compare", cnn, other)):
        done = run(*words)
        assert done.exit_code == 2 and "the input 'x' differs between" in sentence(done)


def test_compare(run: Run, cnn: Path, pruned: Path) -> None:
    done = run("compare", cnn, pruned, *QUICK)
    assert done.exit_code == 0 and done.stderr == ""
    rows = {line.split("  ")[0]: line.split() for line in done.stdout.splitlines()}
    for name in ("parameters", "MACs", "bytes", "peak memory", "latency, median"):
        assert rows[name][-1] == "%"
    assert rows["MACs"][1:3] == ["11.5", "M"] and "Conv" in " ".join(rows)
    assert "cosine" in rows["fidelity"]


def test_compare_on_data(run: Run, cnn: Path, pruned: Path, tmp_path: Path) -> None:
    calib = tmp_path / "calib.npz"
    np.savez(calib, x=np.random.default_rng(0).normal(size=(5, 3, 16, 16)))
    shown = run("compare", cnn, pruned, *QUICK, "--data", calib).stdout
    assert f"(on 5 samples of {calib})" in " ".join(shown.split()) and "random" not in shown
    found = json.loads(run("compare", cnn, pruned, *QUICK, "--data", calib, "--samples", "4", "--json").stdout)
    assert (found["data"]["samples"], found["data"]["calls"], found["data"]["synthetic"]) == (4, 4, False)
    assert found["data"]["sha256"] == hashlib.sha256(calib.read_bytes()).hexdigest()
    random = json.loads(run("compare", cnn, pruned, *QUICK, "--json").stdout)
    assert random["data"] is None and random["fidelity"]["worst"] != found["fidelity"]["worst"]
    assert "random inputs" in run("compare", cnn, pruned, *QUICK).stdout


def test_compare_on_made_up_data(run: Run, tmp_path: Path) -> None:
    model = stored(FREE_BATCH, tmp_path / "free.onnx")
    done = run("compare", model, model, *QUICK, "--data", "random", "--samples", "3", "--dim", "batch=2", "--json")
    assert json.loads(done.stdout)["data"] | {"sha256": ""} == {
        "name": "random", "sha256": "", "samples": 2, "calls": 1, "synthetic": True, "warnings": []
    }  # fmt: skip


def test_compare_says_what_is_left_out(run: Run, tmp_path: Path) -> None:
    model = stored(FREE_BATCH, tmp_path / "free.onnx")
    np.save(tmp_path / "calib.npy", np.zeros((5, 8)))
    done = run("compare", model, model, *QUICK, "--data", tmp_path / "calib.npy", "--dim", "batch=2")
    assert done.exit_code == 0 and "warning: " in sentence(done) and "1 sample of 'x' at the end" in sentence(done)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--data", "nowhere.npz"], "nowhere.npz: no such file or folder; there are FILE.jsonl"),
        (["--data", "random", "--samples", "0"], "invalid value for '--samples'"),
        (["--preprocess", "p.toml"], "p.toml: says what becomes of pictures, but no data is given"),
    ],
)
def test_bad_data(run: Run, tmp_path: Path, words: list[str], text: str) -> None:
    model = stored(FREE_BATCH, tmp_path / "free.onnx")
    done = run("compare", model, model, *QUICK, *words)
    assert done.exit_code == 2 and text in sentence(done)


def test_compare_json(run: Run, cnn: Path, pruned: Path) -> None:
    found = json.loads(run("compare", cnn, pruned, *QUICK, "--json").stdout)
    assert found["before"]["params"] == 45824 and found["after"]["params"] < 45824
    assert found["after"]["bytes"] == pruned.stat().st_size and found["before"]["peak_memory"] > 0
    assert found["fidelity"]["worst"]["relative"] > 0 and found["fidelity"]["outputs"][0]["name"] == "y"
    assert sum(op["before"] for op in found["ops"]) > 0


def test_a_model_is_like_itself(run: Run, cnn: Path, tmp_path: Path) -> None:
    shutil.copy(cnn, tmp_path / "copy.onnx")
    found = json.loads(run("compare", cnn, tmp_path / "copy.onnx", *QUICK, "--json").stdout)
    assert found["fidelity"]["worst"] == {
        "name": "worst", "max_abs": 0.0, "relative": 0.0, "cosine": 1.0, "kl": 0.0, "agreement": 1.0
    }  # fmt: skip
