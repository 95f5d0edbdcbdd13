"""`onnxprune export`, on a module from a file."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest

from tests.cli.conftest import Run, launch, sentence

pytest.importorskip("torch")

MODULE = """import torch

def net():
    return torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4))
"""


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "nets.py"
    path.write_text(MODULE)
    return f"torch:{path}:net"


def test_a_checked_file(source: str, tmp_path: Path) -> None:
    out = tmp_path / "net.onnx"
    done = launch("export", source, "-o", out, "--set", "input=2x8", "--exporter", "torchscript")
    assert (done.returncode, done.stderr) == (0, "")
    assert "equals its source, relative error" in done.stdout and "212 parameters" in done.stdout
    assert "float[2, 8]" in done.stdout and done.stdout.rstrip().endswith(str(out))
    onnx.checker.check_model(out, full_check=True)


def test_json(source: str, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "net.onnx"
    done = run("export", source, "-o", out, "--set", "input=2x8", "--exporter", "torchscript", "--json")
    found = json.loads(done.stdout)
    assert (found["path"], found["parameters"], found["exporter"]) == (str(out), 212, "torchscript")
    assert found["inputs"] == [{"name": "input", "dtype": "float", "shape": [2, 8]}] and found["max_error"] < 1e-5


def test_what_cant_be_exported(run: Run, source: str, tmp_path: Path) -> None:
    for words, text in (
        (["torchvison:resnet18"], "did you mean torchvision"),
        ([source], "input="),
        ([source, "--set", "input=axb"], "should read like 1x3x224x224"),
        ([source, "--set", "input=2x8", "--exporter", "tensorflow"], "tensorflow"),
    ):
        done = run("export", *words, "-o", tmp_path / "net.onnx")
        assert done.exit_code == 2 and text in sentence(done), done.output
    assert {p.name for p in tmp_path.iterdir()} - {"__pycache__"} == {"nets.py"}
