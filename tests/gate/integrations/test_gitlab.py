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

from tests.gate.integrations.conftest import ROOT

JOB = yaml.safe_load((ROOT / "docs/examples/gitlab-ci.yml").read_text(encoding="utf-8"))["onnx-gate"]


@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("bash"), reason="the job is for bash")
@pytest.mark.parametrize(("model", "code", "found"), [("model.onnx", 0, 0), ("larger.onnx", 1, 2)])
def test_the_job(repository: Path, environment: dict[str, str], model: str, code: int, found: int) -> None:
    script = "\n".join(["set -eo pipefail", *JOB["before_script"], *JOB["script"]])
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=repository,
        env={**environment, **JOB["variables"], "MODEL": model},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    reports = JOB["artifacts"]["reports"]
    assert ET.parse(repository / reports["junit"]).getroot().get("failures") == str(found)
    assert len(json.loads((repository / reports["codequality"]).read_text())) == found
