"""A repository with a model, a larger one, a baseline and limits, and the machines that pipelines run on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
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
    """A machine where onnxprune is installed: the command on the path is that of this checkout."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "onnxprune"
    command.write_text(f'#!/usr/bin/env bash\nexec "{sys.executable}" -m onnxprune "$@"\n')
    command.chmod(0o755)
    return {**known(), "PATH": joined(str(folder), os.environ["PATH"]), "PYTHONPATH": joined(*filter(None, sys.path))}


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """A machine where it is not: `python` is of a fresh environment, and pip, which downloads nothing here, finds what
    onnxprune needs among the packages of this process."""
    venv.create(tmp_path / "venv", symlinks=True)
    found = [path for path in os.environ["PATH"].split(os.pathsep) if not (Path(path) / "onnxprune").exists()]
    packages = dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    paths = {"PATH": joined(str(tmp_path / "venv" / "bin"), *found), "PYTHONPATH": joined(*packages)}
    return {**known(), **paths, **offline, "ONNXPRUNE_PURE_PYTHON": "1"}


def known() -> dict[str, str]:
    """What a machine says of itself, without what this run was told."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("GITHUB_", "GIT_", "PIP_", "PYTEST_"))}


def joined(*paths: str) -> str:
    return os.pathsep.join(paths)


def installed(environment: dict[str, str]) -> Path:
    """Where `python` gets onnxprune from."""
    code = "import onnxprune; print(onnxprune.__file__)"
    done = subprocess.run(["python", "-c", code], cwd="/", env=environment, capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())
