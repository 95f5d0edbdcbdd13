"""A model, a larger one, and the baseline of the first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from onnxprune import gate
from tests.cli.conftest import stored

SMALL = """<ir_version: 10, opset_import: ["": 21]>
agraph (float[1,8] x) => (float[1,4] y) <float[8,16] a, float[16,4] b>
{
  h = MatMul(x, a)
  r = Relu(h)
  y = MatMul(r, b)
}"""
LARGE = SMALL.replace("float[8,16] a, float[16,4] b", "float[8,32] a, float[32,4] b")
OTHER = """<ir_version: 10, opset_import: ["": 20]>
agraph (float[1,8] x, float[1,4] z) => (float[1,4] out) <float[8,4] a>
{
  h = MatMul(x, a)
  t = Tanh(h)
  out = Add(t, z)
}"""


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model and its baseline: measuring memory takes a process of its own."""
    folder = tmp_path_factory.mktemp("recorded")
    gate.record(stored(SMALL, folder / "model.onnx"), folder / "baseline.json")
    return folder


@pytest.fixture
def model(recorded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(recorded / "model.onnx", tmp_path))


@pytest.fixture
def larger(tmp_path: Path) -> Path:
    return stored(LARGE, tmp_path / "larger.onnx")


@pytest.fixture
def baseline(model: Path, recorded: Path) -> Path:
    return Path(shutil.copy(recorded / "baseline.json", model.parent))
