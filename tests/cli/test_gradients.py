"""`onnxprune optimize` with criteria that look at gradients."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import FREE_BATCH, Run, stored

RANDOM = np.random.default_rng(0)
X = RANDOM.standard_normal((40, 8)).astype(np.float32)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return stored(FREE_BATCH, tmp_path / "model.onnx")


def _asked(tmp_path: Path, *more: str, **arrays: np.ndarray) -> tuple[str, ...]:
    np.savez(tmp_path / "calib.npz", x=X, **arrays)  # type: ignore[arg-type]
    data = ("--data", str(tmp_path / "calib.npz"), "--repair", "none", "--align", "1", "--no-bench")
    return (*data, "--criterion", "taylor", *more)


def test_labels_decide(run: Run, model: Path, tmp_path: Path) -> None:
    """With labels, without, and with values in place of classes: three losses, three choices."""
    written = []
    for more, given in (((), {}), (("--labels", "y"), {"y": np.arange(40) % 4}), (("--labels", "y"), {"y": X[:, :4]})):
        done = run("optimize", model, *_asked(tmp_path, *more, **given))
        assert done.exit_code == 0 and "proved" in done.stdout
        written.append(model.with_name("model.pruned.onnx").read_bytes())
    assert len(set(written)) == 3


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full(40, 7), "there is a label 7, but the output has 4 classes"),
        (np.zeros((40, 3), int), r"no output suits labels of shape [1, 3] (whole numbers): 'y' [1, 4]"),
        (np.zeros((40, 3)), r"no output suits labels of shape [1, 3] (floats): 'y' [1, 4]"),
    ],
)
def test_labels_that_dont_suit(run: Run, model: Path, tmp_path: Path, labels: np.ndarray, message: str) -> None:
    done = run("optimize", model, *_asked(tmp_path, "--labels", "y", y=labels))
    assert done.exit_code == 2 and message in done.stderr


def test_labels_without_data(run: Run, model: Path) -> None:
    done = run("optimize", model, "--labels", "y", "--no-bench")
    assert done.exit_code == 2 and "--labels y: there are no data that could hold labels" in done.stderr


def test_without_torch(run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    done = run("optimize", model, *_asked(tmp_path))
    assert done.exit_code == 2
    assert "a criterion by gradients needs torch, which isn't installed: pip install 'onnxprune[torch]'" in done.stderr


def test_needs_are_listed(run: Run) -> None:
    lines = run("list", "criteria").stdout.splitlines()
    assert any(line.startswith("gblm ") and "moments, gradients" in line for line in lines)
