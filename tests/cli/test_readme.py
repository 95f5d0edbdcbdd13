"""Every command of the README does what it says: on small models with the same names, without a network."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune import gate
from onnxprune.gate.keys import STANDARD
from tests.cli.conftest import Run, launch, stored
from tests.nets import CNN
from tests.oracle import build

TEXT = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line.removeprefix("$ onnxprune ")
    for kind, block in BLOCKS
    if kind == "console"
    for line in block.splitlines()
    if line.startswith("$ onnxprune ")
]
A_FEW_STEPS = ("warning: training made it worse", "warning: nothing was gained")
"""What may be said of a second of training on a busy machine."""
ON_A_BUSY_MACHINE = "target latency=0.6 not met: "
"""What a model whose run takes half a millisecond may miss there; exit code 1 says so too."""
NEEDS_A_FRAMEWORK = [command for command in COMMANDS if command.startswith("export ")]

RESIDUAL = """agraph (float[1,8,4,4] x) => (float[1,8,4,4] y)
<float[16,8,1,1] a, float[8,16,1,1] b, float[8,8,1,1] c>
{
  h = Conv(x, a)
  k = Conv(h, b)
  y = Conv(k, c)
}"""
NAMES = {"a": "layer1.0.conv2.weight", "b": "layer1.0.conv3.weight", "c": "layer1.1.conv1.weight"}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the models that the README talks of, small ones, and what earlier commands leave."""
    proto = build(RESIDUAL)
    for tensor in proto.graph.initializer:
        tensor.name = NAMES[tensor.name]
    for node in proto.graph.node:
        node.input[1] = NAMES[node.input[1]]
    onnx.save(proto, tmp_path / "resnet50.onnx")
    stored(CNN.replace("fc", "linear"), tmp_path / "model.onnx")
    onnx.save(build(CNN.replace("fc", "linear"), seed=1), tmp_path / "small.onnx")  # what recover has to learn from
    monkeypatch.setattr("onnxprune.recovery.effort._SECONDS", {"s": 0.02, "m": 0.2})
    (picture,) = onnx.load(tmp_path / "model.onnx").graph.input
    shape = [dim.dim_value for dim in picture.type.tensor_type.shape.dim]
    pictures = np.random.default_rng(0).standard_normal((80, *shape[1:]))
    np.savez(tmp_path / "calib.npz", **{picture.name: pictures.astype(np.float32)})
    monkeypatch.setitem(STANDARD, "latency", 100.0)  # what a busy machine says isn't asked here
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 10 and len(NEEDS_A_FRAMEWORK) == 1
    assert {shlex.split(c)[0] for c in COMMANDS} == set(
        "optimize recover analyze explain export bench compare gate doctor list".split()
    )


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in NEEDS_A_FRAMEWORK])
def test_commands_run(run: Run, command: str) -> None:
    if command.startswith("gate check"):
        gate.record("model.onnx", "baseline.json")
    done = run(*shlex.split(command))
    lines = done.stderr.splitlines()
    missed = [line for line in lines if line.startswith(ON_A_BUSY_MACHINE)]
    told = [line for line in lines if line not in missed and not line.startswith(A_FEW_STEPS)]
    assert (done.exit_code, told) == (1 if missed else 0, []), done.output


def test_the_python_example_runs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = [block for kind, block in BLOCKS if kind == "python"]
    exec(example, {})  # noqa: S102
    assert capsys.readouterr().out == f"True proved {(place / 'small.onnx').stat().st_size}\nmet: 2 limits\n"


def test_the_shown_table_has_the_rows_of_today(place: Path) -> None:
    """The numbers are of another model; what stands before them must be the same."""
    shown = next(block for _, block in BLOCKS if "$ onnxprune optimize" in block).splitlines()[2:]
    command = ("optimize", "model.onnx", "-o", "small.onnx", "--data", "calib.npz", "--report", "report")
    printed = launch(*command, cwd=place).stdout.splitlines()
    assert [line[:14].split("  ")[0] for line in shown] == [line[:14].split("  ")[0] for line in printed]
