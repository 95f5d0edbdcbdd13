"""What a person sees in a terminal: colours, widths, progress."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from onnxprune.cli.screen import facts, shorten, show_all, table

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
