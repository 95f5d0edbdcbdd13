"""Every command of the README does what it says: on small models with the same names, without a network."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from onnxprune import gate
from tests.cli.conftest import Run, launch
from tests.docs.pages import blocks, commands
from tests.docs.place import place

TEXT = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
__all__ = ["place"]  # the fixture

COMMANDS = commands(TEXT)
A_FEW_STEPS = ("warning: training made it worse", "warning: nothing was gained")
"""What may be said of a second of training on a busy machine."""
ON_A_BUSY_MACHINE = "target latency=0.6 not met: "
"""What a model whose run takes half a millisecond may miss there; exit code 1 says so too."""
NEEDS_A_FRAMEWORK = [command for command in COMMANDS if command.startswith("export ")]


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 10 and len(NEEDS_A_FRAMEWORK) == 1
    assert {shlex.split(c)[0] for c in COMMANDS} == set(
        "optimize init recover analyze explain export bench compare gate doctor list".split()
    )


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("command", [command for command in COMMANDS if command not in NEEDS_A_FRAMEWORK])
def test_commands_run(run: Run, command: str) -> None:
    if command.startswith("gate check"):
        gate.record("model.onnx", "baseline.json")
    if "--recipe" in command:
        run("init")
    done = run(*shlex.split(command))
    lines = done.stderr.splitlines()
    missed = [line for line in lines if line.startswith(ON_A_BUSY_MACHINE)]
    told = [line for line in lines if line not in missed and not line.startswith(A_FEW_STEPS)]
    assert (done.exit_code, told) == (1 if missed else 0, []), done.output


def test_the_python_example_runs(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = [block.text for block in blocks(TEXT) if block.kind == "python"]
    exec(example, {})  # noqa: S102
    assert capsys.readouterr().out == f"True proved {(place / 'small.onnx').stat().st_size}\nmet: 2 limits\n"


def test_the_shown_table_has_the_rows_of_today(place: Path) -> None:
    """The numbers are of another model; what stands before them must be the same."""
    shown = next(block.text for block in blocks(TEXT) if "$ onnxprune optimize" in block.text).splitlines()[2:]
    command = ("optimize", "model.onnx", "-o", "small.onnx", "--data", "calib.npz", "--report", "report")
    printed = launch(*command, cwd=place).stdout.splitlines()
    assert [line[:14].split("  ")[0] for line in shown] == [line[:14].split("  ")[0] for line in printed]
