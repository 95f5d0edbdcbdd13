"""docs/tutorial.md, as somebody who reads it does it: the files are saved, the commands run one after the other."""

from __future__ import annotations

import contextlib
import io
import runpy
import shlex
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.docs.pages import ROOT, blocks, labels, shown

TEXT = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
ACCURATE = {"model.onnx": 0.95, "small.onnx": 0.9}
"""What the text says of the models, roughly; half.onnx loses much."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the files of the page."""
    for block in blocks(TEXT):
        if block.title:
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_the_tutorial(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [step for block in blocks(TEXT) if block.kind == "console" for step in shown(block)][1:]
    assert {path.name for path in folder.iterdir()} == {"make.py", "score.py"} and len(steps) == 11
    for command, expected in steps:
        program, *words = shlex.split(command)
        printed = _python(words, monkeypatch) if program == "python" else _onnxprune(run, words)
        assert labels(printed.splitlines()) == labels(expected), f"{command}\n{printed}"
        if words[0] == "score.py":
            _check(printed)
    assert (folder / "report" / "plan.json").is_file()


def _onnxprune(run: Run, words: list[str]) -> str:
    done = run(*words)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout


def _python(words: list[str], monkeypatch: pytest.MonkeyPatch) -> str:
    out = io.StringIO()
    monkeypatch.setattr(sys, "argv", words)
    with contextlib.redirect_stdout(out):
        runpy.run_path(words[0], run_name="__main__")
    return out.getvalue()


def _check(printed: str) -> None:
    scores = {name: float(score) for name, score in (line.split() for line in printed.splitlines())}
    assert all(score >= ACCURATE.get(name, 0) for name, score in scores.items()), scores
    assert scores.get("half.onnx", 0) < 0.8
