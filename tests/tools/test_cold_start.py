"""The tool that starts commands anew."""

from __future__ import annotations

import subprocess
from pathlib import Path

import onnx
import pytest

from tests.nets import CNN
from tests.oracle import build
from tools import cold_start


def test_commands_are_started_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    onnx.save(build(CNN), tmp_path / "model.onnx")
    monkeypatch.setattr(cold_start.zoo_models, "path", lambda _: tmp_path / "model.onnx")
    assert cold_start.main(["--rounds", "1"]) == 0
    rows = [line.split("|")[1].strip() for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert rows[0] == "command" and rows[2:] == ["--help", "analyze"]


def test_a_command_that_fails_has_no_time() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        cold_start.started(["analyze", "none.onnx"])
