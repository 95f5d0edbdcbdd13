"""`onnxprune recover` and `optimize --recover`."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from onnxprune.report import schema
from tests.cli.conftest import Run, sentence
from tests.recovery.small import files, samples


@pytest.fixture
def data(tmp_path: Path) -> Path:
    np.savez(tmp_path / "data.npz", x=samples())
    return tmp_path / "data.npz"


def test_prints_the_curve_and_writes_the_model(run: Run, tmp_path: Path, data: Path) -> None:
    dense, pruned = files(tmp_path)
    done = run("recover", dense, pruned, "--data", data, "--for", "100", "--rate", "0.02")
    assert done.exit_code == 0 and done.stderr.startswith("warning: not compared, for their sizes differ")
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["step", "time", "loss", "fidelity", "loss"]
    assert sum(line.startswith("kept") for line in lines) == 1
    rows = {line.split("  ")[0]: line for line in lines}
    assert " (kl, full) in 100 steps" in rows["recovery"]
    assert "agreement" in rows["before"] and "on 128 samples of" in rows["after"]
    assert rows["written"].endswith("pruned.recovered.onnx") and (tmp_path / "pruned.recovered.onnx").exists()


def test_json(run: Run, tmp_path: Path, data: Path) -> None:
    dense, pruned = files(tmp_path)
    done = run("recover", dense, pruned, "--data", data, "--for", "40", "--rate", "0.02", "--json")
    record = json.loads(done.stdout)
    whole = schema()
    jsonschema.validate(record, {"$defs": whole["$defs"], **whole["$defs"]["recovery"]})
    assert record["gained"] and record["steps"] == 40 and record["losses"] == {"y": "kl"}
    assert record["after"]["worst"]["kl"] < record["before"]["worst"]["kl"]


def test_optimize_tells_of_it_in_its_report(run: Run, tmp_path: Path, data: Path) -> None:
    dense, _ = files(tmp_path)
    words = ("optimize", dense, "--data", data, "--recover", "60", "--recover-mode", "perp", "--no-bench")
    done = run(*words, "--report", tmp_path / "report")
    assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    jsonschema.validate(record, schema())
    assert record["recovery"]["mode"] == "perp"
    assert "--recover 60 --recover-mode perp" in record["command"]
    assert "recovery: " in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert any(line.startswith("recovery  ") for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--for", "soon"), "'soon' is no time to train (10m, 90s, 1h) and no number of steps (2000)"),
        (("--mode", "half"), "no mode of recovery 'half'; there are full, perp, lora"),
        (("--loss", "hinge"), "no loss 'hinge'; there are cosine, kl, mse"),
        (("--device", "tpu"), "no device 'tpu' to train on; there are cpu, cuda"),
        (("--data", "nowhere.npz"), "nowhere.npz: no such file or folder"),
        (("--dim", "z=3"), "z"),
    ],
)
def test_bad_usage_writes_nothing(run: Run, tmp_path: Path, data: Path, words: tuple[str, ...], reason: str) -> None:
    dense, pruned = files(tmp_path)
    done = run("recover", dense, pruned, "--data", data, *words)
    assert done.exit_code == 2 and reason in sentence(done)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data.npz", "dense.onnx", "pruned.onnx"]


def test_without_torch_it_says_what_to_install(
    run: Run, tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense, pruned = files(tmp_path)

    def missing(name: str, *_: object) -> object:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    monkeypatch.setattr("onnxprune.export.lazy.importlib.import_module", missing)
    for words in (("recover", dense, pruned, "--data", data), ("optimize", dense, "--recover", "1m")):
        done = run(*words)
        assert done.exit_code == 2
        assert "training needs torch, which isn't installed: pip install 'onnxprune[torch]'" in sentence(done)
