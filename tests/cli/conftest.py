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
from tests.oracle import build

CNN = """agraph (float[1,3,16,16] x) => (float[1,10] y)
<float[64,3,3,3] a, float[64] abias, float[64,64,3,3] b, float[64] bbias, float[96,64,1,1] c, float[10,96] fc>
{
  h = Conv<pads=[1,1,1,1]>(x, a, abias)
  r = Relu(h)
  k = Conv<pads=[1,1,1,1]>(r, b, bbias)
  s = Add(r, k)
  t = Relu(s)
  u = Conv(t, c)
  v = Relu(u)
  g = GlobalAveragePool(v)
  f = Flatten(g)
  y = Gemm<transB=1>(f, fc)
}"""

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
