"""`onnxprune gate`: exit codes, tables, JSON. What the clock said is never asserted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Run, sentence, stored
from tests.gate.conftest import LARGE, SMALL

QUICK = ("--limit", "size=1.0", "--limit", "macs=1.0")
FLASH = ("--limit", "latency.seconds=0.000001")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that one is in, with two models; memory is measured in other tests."""
    monkeypatch.setattr("onnxprune.gate.figures.peak_memory", lambda *_, **__: 2**20)
    stored(SMALL, tmp_path / "model.onnx")
    stored(LARGE, tmp_path / "larger.onnx")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_three_commands(run: Run, place: Path) -> None:
    assert run("gate", "init").stdout == "written  gate.toml\n"
    recorded = run("gate", "record", "model.onnx")
    assert (recorded.exit_code, recorded.stderr) == (0, "") and "MatMul 2, Relu 1" in recorded.stdout
    assert (place / "baseline.json").exists()
    good = run("gate", "check", "model.onnx", *FLASH)
    assert (good.exit_code, good.stderr) == (0, "")
    assert "met: 6 limits, latency.ratio undecided" in good.stdout and "not decided within 1e-06 s" in good.stdout
    bad = run("gate", "check", "larger.onnx", *FLASH)
    assert bad.exit_code == 1
    assert bad.stderr.startswith("gate not met: ") and "size.ratio, params.ratio, macs.ratio" in bad.stderr
    assert "not met" in bad.stdout and "384 is 200.0 % of the baseline's 192" in bad.stdout


def test_undecided_may_fail(run: Run, place: Path) -> None:
    run("gate", "record", "model.onnx")
    words = ("gate", "check", "model.onnx", "--limit", "latency=1.0", *FLASH)
    assert run(*words).exit_code == 0 and run(*words, "--limit", "latency.undecided=fail").exit_code == 1


def test_json(run: Run, place: Path) -> None:
    record = json.loads(run("gate", "record", "model.onnx", "-o", "b.json", "--json").stdout)
    assert record == json.loads((place / "b.json").read_text())
    done = run("gate", "check", "larger.onnx", "--baseline", "b.json", *QUICK, "--json")
    assert done.exit_code == 1 and [f["state"] for f in json.loads(done.stdout)["findings"]] == ["not met", "not met"]


def test_the_files_limits_hold(run: Run, place: Path) -> None:
    run("gate", "record", "model.onnx")
    (place / "gate.toml").write_text("macs = 2.0\n")
    assert run("gate", "check", "larger.onnx").exit_code == 0
    assert run("gate", "check", "larger.onnx", "--limit", "macs=1.9").exit_code == 1
    (place / "strict.toml").write_text("macs = 1.0\n")
    assert run("gate", "check", "larger.onnx", "--config", "strict.toml").exit_code == 1


def test_data(run: Run, place: Path) -> None:
    run("gate", "record", "model.onnx")
    done = run("gate", "check", "larger.onnx", "--limit", "fidelity.max_loss=0", "--data", "random")
    assert done.exit_code == 1 and "samples that are made up)" in done.stdout
    moved = shutil.move("model.onnx", "dense.onnx")
    words = ("gate", "check", "larger.onnx", "--limit", "fidelity=1.0")
    assert "the baseline's model isn't there" in sentence(run(*words))
    assert run(*words, "--dense", moved).exit_code == 0


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["check", "none.onnx", *QUICK], "none.onnx"),
        (["check", "model.onnx", "--baseline", "none.json"], "none.json: No such file or directory"),
        (["check", "model.onnx", "--limit", "sise=1"], "--limit sise=1: there is no table 'sise'; did you mean size"),
        (["check", "model.onnx", "--config", "none.toml"], "none.toml: No such file"),
        (["check"], "missing argument 'MODEL'"),
        (["chek"], "no such command 'chek'"),
        (["record", "model.onnx", "-o", "no/where.json"], "no/where.json: can't be written"),
        (["record", "model.onnx", "--dim", "x=1"], "no dynamic axis"),
        (["init", "-o", "model.onnx"], "model.onnx: is there already"),
    ],
)
def test_bad_input(run: Run, place: Path, words: list[str], text: str) -> None:
    run("gate", "record", "model.onnx")
    before = sorted(place.iterdir())
    done = run("gate", *words)
    assert (done.exit_code, done.stdout) == (2, "") and text in sentence(done)
    assert sorted(place.iterdir()) == before


def test_every_output_at_once(run: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("gate", "record", "model.onnx")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(place / "summary.md"))
    files = {"--junit": "gate.xml", "--sarif": "gate.sarif", "--gitlab": "gate.json", "--markdown": "gate.md"}
    words = [word for pair in files.items() for word in pair]
    done = run("gate", "check", "larger.onnx", *QUICK, "--github", *words)
    assert done.exit_code == 1 and done.stdout.count("\n::error file=larger.onnx,") == 2
    assert all((place / name).stat().st_size for name in files.values())
    assert (place / "summary.md").read_text() == (place / "gate.md").read_text() + "\n"
    quiet = run("gate", "check", "larger.onnx", *QUICK, "--github", "--json")
    assert json.loads(quiet.stdout)["met"] is False and quiet.stderr.count("::error") == 2


def test_an_output_without_a_folder_is_refused_before_anything_is_measured(run: Run, place: Path) -> None:
    done = run("gate", "check", "model.onnx", "--junit", "no/gate.xml")
    assert done.exit_code == 2 and "no/gate.xml: can't be written" in sentence(done)
