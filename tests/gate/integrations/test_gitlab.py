"""docs/examples/gitlab-ci.yml, its job run as GitLab's runner runs it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.gate.integrations.conftest import ROOT, installed

JOB = yaml.safe_load((ROOT / "docs/examples/gitlab-ci.yml").read_text(encoding="utf-8"))["onnx-gate"]


@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("bash"), reason="the job is for bash")
@pytest.mark.parametrize(("model", "code", "found"), [("model.onnx", 0, 0), ("larger.onnx", 1, 2)])
def test_the_job(repository: Path, bare: dict[str, str], tmp_path: Path, model: str, code: int, found: int) -> None:
    script = "\n".join(["set -eo pipefail", *JOB["before_script"], *JOB["script"]])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=repository,
        env={**bare, **JOB["variables"], "MODEL": model, "ONNXPRUNE": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert installed(bare).is_relative_to(tmp_path / "venv")
    reports = JOB["artifacts"]["reports"]
    assert ET.parse(repository / reports["junit"]).getroot().get("failures") == str(found)
    assert len(json.loads((repository / reports["codequality"]).read_text())) == found
