"""A repository with a model, a larger one, a baseline and limits, and the command as a pipeline has it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import stored
from tests.gate.conftest import LARGE

ROOT = Path(__file__).parents[3]


@pytest.fixture
def repository(recorded: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    shutil.copytree(recorded, folder)
    stored(LARGE, folder / "larger.onnx")
    (folder / "gate.toml").write_text("size = 1.0\nmacs = 1.0\n")
    for words in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """`onnxprune` and `python` on the path are of this checkout; pip only tells what it was asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script(folder / "onnxprune", f'exec "{sys.executable}" -m onnxprune "$@"')
    asked = tmp_path / "pip.txt"
    script(folder / "python", f'if [ "$2" = pip ]; then echo "$@" > "{asked}"; else exec "{sys.executable}" "$@"; fi')
    paths = os.pathsep.join(path for path in sys.path if path)
    known = {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "GIT_", "PYTEST_"))}
    return {**known, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": paths}


def script(path: Path, line: str) -> None:
    path.write_text(f"#!/usr/bin/env bash\n{line}\n")
    path.chmod(0o755)
