"""What a person sees in a terminal: colours, widths, progress."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
import typer
from rich.progress import Task, TaskID

from onnxprune.cli import app
from onnxprune.cli.screen import Left, facts, shorten, show_all, table
from tests.cli.conftest import launch

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

pty = pytest.importorskip("pty")


def test_long_names_lose_their_middle() -> None:
    assert shorten("encoder.layer.0.weight[0]", 30) == "encoder.layer.0.weight[0]"
    short = shorten("encoder.layer.0.attention.weight[0]", 20)
    assert len(short) == 20 and short.endswith("weight[0]") and short.startswith("enc") and "…" in short


def test_markup_in_names_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    show_all(table(("[red]",), [["w[/][bold]"], [":smile:"]], "n"), facts([("a", "[0]")]))
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("[red]", "w[/][bold]", ":smile:", "[0]"))


def test_pipes_get_whole_names(capsys: pytest.CaptureFixture[str]) -> None:
    show_all(table(("name",), [["x" * 500]], "n"))
    assert "x" * 500 in capsys.readouterr().out


def _in_terminal(words: list[str], columns: int, **more: str) -> str:
    """What `python -m onnxprune` shows in a terminal of that width."""
    pid, terminal = pty.fork()
    if pid == 0:
        environment = {**os.environ, "COLUMNS": str(columns), "LINES": "50", "TERM": "xterm-256color", **more}
        os.execve(sys.executable, [sys.executable, "-m", "onnxprune", *words], environment)
    shown = b""
    try:
        while piece := os.read(terminal, 65536):
            shown += piece
    except OSError:  # Linux says so at the end
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
    return shown.decode()


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "NO_COLOR": ""}


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_lines_fit_the_terminal(cnn: Path, columns: int) -> None:
    shown = CONTROL.sub("", _in_terminal(["analyze", str(cnn), "--locked"], columns, **_environment()))
    lines = re.split(r"[\r\n]+", shown)
    assert "what the model takes" in " ".join(shown.split()) and max(map(len, lines)) <= columns


def test_progress_and_colours_in_a_terminal(cnn: Path) -> None:
    shown = _in_terminal(["optimize", str(cnn), "--no-bench"], 80, **_environment())
    assert "\x1b[1m" in shown and "proving" in shown


def test_no_color_is_obeyed() -> None:
    shown = _in_terminal(["list", "criteria"], 80, **{**_environment(), "NO_COLOR": "1"})
    assert "\x1b[3" not in shown and "criterion" in shown


def test_quiet_shows_no_progress_in_a_terminal(cnn: Path) -> None:
    shown = _in_terminal(["optimize", str(cnn), "--no-bench", "--quiet"], 80, **_environment())
    assert "proving" not in shown and "parameters" in shown


def test_every_command_with_progress_can_be_quiet() -> None:
    group = typer.main.get_command(app)
    commands = {**group.commands, **group.commands["gate"].commands}
    quiet = {name for name, one in commands.items() if "--quiet" in [o for p in one.params for o in p.opts]}
    assert set(commands) - quiet == {"list", "doctor", "gate", "init"}


def test_colours_that_are_forced_upon_a_pipe_bring_no_progress(cnn: Path) -> None:
    done = launch("optimize", cnn, "--no-bench", env={**os.environ, **_environment(), "FORCE_COLOR": "1"})
    assert (done.returncode, done.stderr) == (0, "") and "\x1b[1m" in done.stdout
    assert "\x1b" not in launch("optimize", cnn, "--no-bench").stdout


def test_a_dumb_terminal_gets_no_progress(cnn: Path) -> None:
    shown = _in_terminal(["optimize", str(cnn), "--no-bench"], 80, **{**_environment(), "TERM": "dumb"})
    assert "proving" not in shown and "\x1b" not in shown


def test_the_time_left_goes_by_the_pace_since_the_work_began() -> None:
    def left(now: float, **told: float) -> str:
        task = Task(TaskID(0), "", 10, told.pop("completed"), _get_time=lambda: now, fields=told)
        task.start_time = 0.0
        return Left().render(task).plain

    assert left(10.0, completed=5, first=0, at=10.0) == "0:00:10 left"
    assert left(13.0, completed=5, first=0, at=10.0) == "0:00:07 left"  # seconds go by between two steps
    assert left(10.0, completed=5, first=4, at=10.0) == "0:00:50 left"  # what was done before says nothing
    assert left(90.0, completed=5, first=0, at=10.0) == "0:00:00 left"
    assert left(10.0, completed=0, first=0, at=0.0) == ""
