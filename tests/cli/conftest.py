"""Small models as files, and two ways to run a command: in this process, and in one of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from typer.testing import CliRunner, Result

from onnxprune.cli import app
from tests.nets import CNN
from tests.oracle import build

FREE_BATCH = """agraph (float[batch,8] x) => (float[batch,4] y)
<float[8,32] a, float[32,4] b>
{
  h = MatMul(x, a)
  r = Relu(h)
  y = MatMul(r, b)
}"""

LOCKED = """agraph (float[2,4] x) => (float[2,3] y) <float[4,3] a>
{
  y = MatMul(x, a)
}"""

UNKNOWN = """<ir_version: 10, opset_import: ["": 21, "com.example": 1]>
agraph (float[2,8] x) => (float[2,4] y) <float[8,32] a, float[32,16] b, float[16,4] c>
{
  h = MatMul(x, a)
  r = Relu(h)
  k = MatMul(r, b)
  o = com.example.Mystery(k)
  y = MatMul(o, c)
}"""

Run = Callable[..., Result]


def stored(text: str, path: Path) -> Path:
    """A model from ONNX text, as a file."""
    onnx.save(build(text), path)
    return path


@pytest.fixture
def cnn(tmp_path: Path) -> Path:
    return stored(CNN, tmp_path / "model.onnx")


@pytest.fixture
def run() -> Run:
    """`run("optimize", path, ...)` in this process; stdout and stderr apart."""
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def launch(*words: object, **options: object) -> subprocess.CompletedProcess[str]:
    """`python -m onnxprune ...` as a process of its own."""
    command = [sys.executable, "-m", "onnxprune", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload,no-any-return]


def sentence(result: Result) -> str:
    """The one line on stderr of a run that failed."""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.output
    return lines[0]
