""".pre-commit-hooks.yaml, run by pre-commit itself, in the environment that there is: nothing is downloaded."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.gate.integrations.conftest import ROOT

(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))


def run(folder: Path, environment: dict[str, str], *args: str) -> subprocess.CompletedProcess[str]:
    """The hook with these arguments, on what is staged."""
    hook = {**HOOK, "language": "system", "args": list(args)}
    config = {"repos": [{"repo": "local", "hooks": [hook]}]}
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True, capture_output=True)
    command = [sys.executable, "-m", "pre_commit", "run", "--verbose"]
    home = {**environment, "PRE_COMMIT_HOME": str(folder.parent / "cache")}
    return subprocess.run(command, cwd=folder, env=home, capture_output=True, text=True, check=False)


@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("git"), reason="needs git and a shell")
def test_the_hook(repository: Path, environment: dict[str, str]) -> None:
    good = run(repository, environment, "model.onnx")
    assert good.returncode == 0 and "Passed" in good.stdout, good.stdout + good.stderr
    bad = run(repository, environment, "larger.onnx", "--baseline", "baseline.json")
    assert bad.returncode == 1 and "exit code: 1" in bad.stdout
    assert "gate not met: 2 of 2 limits (size.ratio, macs.ratio)" in bad.stdout


def test_the_hook_is_installed_with_the_package() -> None:
    assert (HOOK["language"], HOOK["pass_filenames"], HOOK["entry"]) == ("python", False, "onnxprune gate check")
