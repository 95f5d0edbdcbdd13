""".pre-commit-hooks.yaml, installed and run by pre-commit itself, whose pip finds everything here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.gate.integrations.conftest import ROOT

CHECKOUT = (ROOT / ".git").exists() and shutil.which("git")

COMMIT = (
    *("-c", "user.name=test", "-c", "user.email=test@localhost", "-c", "commit.gpgsign=false"),
    *("commit", "-q", "--no-verify", "-m", "all"),
)

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or not CHECKOUT, reason="the hook is installed from a git repository"
)


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A repository with the files of this checkout, as they are now."""
    pytest.importorskip("pre_commit", reason="pre-commit is not installed")
    folder = tmp_path / "published"
    listed = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in (name for name in listed if (ROOT / name).is_file()):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, *COMMIT)
    return folder


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def run(folder: Path, published: Path, machine: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    """The hook with these arguments, on what is staged."""
    hook = {"id": "onnxprune-gate", "args": list(args)}
    config = {"repos": [{"repo": str(published), "rev": git(published, "rev-parse", "HEAD").strip(), "hooks": [hook]}]}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    git(folder, "add", "-A")
    command = [sys.executable, "-m", "pre_commit", "run", "--verbose"]
    home = {**machine, "PRE_COMMIT_HOME": str(folder.parent / "cache")}
    return subprocess.run(command, cwd=folder, env=home, capture_output=True, text=True, check=False)


def test_the_hook(repository: Path, published: Path, bare: dict[str, str]) -> None:
    good = run(repository, published, bare, "model.onnx")
    assert good.returncode == 0 and "Passed" in good.stdout, good.stdout + good.stderr
    assert "Installing environment" in good.stdout
    bad = run(repository, published, bare, "larger.onnx", "--baseline", "baseline.json")
    assert bad.returncode == 1 and "exit code: 1" in bad.stdout
    assert "gate not met: 2 of 2 limits (size.ratio, macs.ratio)" in bad.stdout
    git(repository, *COMMIT)
    (repository / "notes.txt").touch()
    assert "(no files to check)Skipped" in run(repository, published, bare, "larger.onnx").stdout
