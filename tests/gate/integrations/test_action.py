"""action.yml, its steps run as GitHub's runner runs them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from tests.gate.integrations.conftest import ROOT, installed

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
Act = Callable[..., tuple[subprocess.CompletedProcess[str], dict[str, str]]]

pytestmark = pytest.mark.skipif(sys.platform == "win32" or not shutil.which("bash"), reason="the steps are for bash")


@pytest.fixture
def act(repository: Path, environment: dict[str, str], bare: dict[str, str], tmp_path: Path) -> Act:
    """`act(model="...")`: the last step's process and the action's outputs; without `install` it is there already."""

    def run(**given: str) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
        inputs = {name: str(entry.get("default", "")) for name, entry in ACTION["inputs"].items()} | given
        outputs = tmp_path / "outputs.txt"
        outputs.write_text("")
        files = {"GITHUB_OUTPUT": str(outputs), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
        context = {"github.action_path": str(ROOT)} | {f"inputs.{k}": v for k, v in inputs.items()}
        machine = bare if inputs["install"] == "true" else environment
        for step in ACTION["runs"]["steps"]:
            if step.get("if") == "inputs.install == 'true'" and inputs["install"] != "true":
                continue
            file = tmp_path / "step.sh"
            file.write_text(filled(step["run"], context))
            own = {name: filled(text, context) for name, text in step.get("env", {}).items()}
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(file)],
                cwd=repository / filled(step.get("working-directory", "."), context),
                env={**machine, **files, "RUNNER_TEMP": str(tmp_path), **own},
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                break
        return done, dict(line.split("=", 1) for line in outputs.read_text().splitlines())

    return run


def filled(text: str, context: dict[str, str]) -> str:
    """Expressions replaced by what they come to; an unknown one is a mistake in action.yml."""
    return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda found: context[found[1]], text)


def test_a_model_that_keeps_the_limits(act: Act, bare: dict[str, str], tmp_path: Path) -> None:
    assert shutil.which("onnxprune", path=bare["PATH"]) is None
    done, outputs = act(model="model.onnx")
    assert (done.returncode, outputs["verdict"]) == (0, "met"), done.stderr
    assert "::notice file=model.onnx" in done.stdout and "gate met: 2 limits" in (tmp_path / "summary.md").read_text()
    assert installed(bare).is_relative_to(tmp_path / "venv")


def test_a_model_that_does_not(act: Act) -> None:
    done, outputs = act(model="larger.onnx", install="false")
    assert (done.returncode, outputs["verdict"]) == (1, "not met")
    assert done.stdout.count("::error file=larger.onnx") == 2
    assert ET.parse(outputs["junit"]).getroot().get("failures") == "2"
    assert len(json.loads(Path(outputs["sarif"]).read_text())["runs"][0]["results"]) == 2
    assert "not met" in Path(outputs["markdown"]).read_text()


def test_limits_and_places(act: Act, repository: Path) -> None:
    (repository / "other").mkdir()
    (repository / "other" / "strict.toml").write_text("params = 1.0\n")
    done, _ = act(model="../larger.onnx", baseline="../baseline.json", config="strict.toml", install="false",
                  limits="params=2.5\n\nmacs='1 k'\n", **{"working-directory": "other"})  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "params.ratio" in done.stdout and "macs.max" in done.stdout


def test_bad_input(act: Act) -> None:
    done, outputs = act(model="model.onnx", install="false", limits="sise=1")
    assert (done.returncode, outputs["verdict"]) == (2, "error") and "did you mean size" in done.stderr


def test_inputs_are_never_pasted_into_a_script() -> None:
    """What an input holds would be run otherwise."""
    assert not any("${{" in step["run"] for step in ACTION["runs"]["steps"])
    used = {text for step in ACTION["runs"]["steps"] for text in step.get("env", {}).values()}
    used |= {step["working-directory"] for step in ACTION["runs"]["steps"] if "working-directory" in step}
    assert {f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"] if name != "install"} <= used


def test_the_example_workflow_gives_inputs_that_there_are() -> None:
    workflow = yaml.safe_load((ROOT / "docs/examples/github-gate.yml").read_text(encoding="utf-8"))
    step = workflow["jobs"]["gate"]["steps"][-1]
    assert set(step["with"]) <= set(ACTION["inputs"]) and "onnxprune@" in step["uses"]
