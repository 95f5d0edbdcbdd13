"""`optimize --train-masks`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Run, sentence
from tests.recovery.small import files, samples


@pytest.fixture
def words(tmp_path: Path) -> tuple[object, ...]:
    """A command up to the options of mask training."""
    dense, _ = files(tmp_path)
    np.savez(tmp_path / "data.npz", x=samples(256))
    return "optimize", dense, "-o", tmp_path / "small.onnx", "--data", tmp_path / "data.npz", "--no-bench"


def test_masks_are_trained_and_told_of(run: Run, tmp_path: Path, words: tuple[object, ...]) -> None:
    how = (
        "--target",
        "macs=0.5",
        "--criterion",
        "random",
        "--train-masks",
        "60",
        "--mask-method",
        "cofi",
        "--no-mask-weights",
    )
    done = run(*words, *how, "--no-mask-weights", "--report", tmp_path / "report")
    assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    plan = json.loads((tmp_path / "report" / "plan.json").read_text(encoding="utf-8"))
    assert record["proof"]["status"] == "proved" and record["target"]["met"]
    assert "--train-masks 60 --mask-method cofi --no-mask-weights" in record["command"]
    assert plan["decided"]["masks"].startswith("cofi, ")
    masks = record["masks"]
    assert (masks["method"], masks["weights"], masks["gained"]) == ("cofi", False, masks["after"] < masks["before"])
    (row,) = (line for line in done.stdout.splitlines() if line.startswith("masks  "))
    assert f" after repair (cofi) in {masks['steps']} steps" in row
    assert "- masks: " in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    assert [len(group["kept"]) for group in plan["groups"]] == [16]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("--train-masks", "soon"), "'soon' is no time to train (10m, 90s, 1h) and no number of steps (2000)"),
        (("--train-masks", "9", "--mask-method", "x"), "no way to train masks 'x'; there are cofi, l0, polarised, ste"),
        (("--mask-method", "l0"), "--mask-method says how masks are trained, and needs --train-masks"),
        (("--mask-weights",), "--mask-weights says how masks are trained, and needs --train-masks"),
        (("--no-mask-weights",), "--no-mask-weights says how masks are trained, and needs --train-masks"),
        (("--train-masks", "0m"), "'0m' is no time to train"),
        (("--train-masks", "9", "--max-loss", "0.1"), "--train-masks and --max-loss can't go together"),
    ],
)
def test_bad_usage_writes_nothing(
    run: Run, tmp_path: Path, words: tuple[object, ...], more: tuple[str, ...], reason: str
) -> None:
    done = run(*words, *more)
    assert done.exit_code == 2 and reason in sentence(done)
    assert not (tmp_path / "small.onnx").exists()


def test_without_torch_it_says_what_to_install(
    run: Run, words: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str, *_: object) -> object:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    monkeypatch.setattr("onnxprune.export.lazy.importlib.import_module", missing)
    done = run(*words, "--train-masks", "1m")
    assert done.exit_code == 2
    assert "training masks needs torch, which isn't installed: pip install 'onnxprune[torch]'" in sentence(done)
