"""docs/gate.md: its commands run one after the other, its examples work, its gate.toml is the one that is written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from onnxprune.cli import app
from onnxprune.gate.keys import STANDARD
from onnxprune.gate.template import template
from tests.cli.conftest import stored
from tests.gate.conftest import SMALL
from tests.gate.integrations.conftest import ROOT

PAGE = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line.removeprefix("$ onnxprune ") for kind, text in BLOCKS if kind == "console" for line in text.splitlines()
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """small.onnx is another file with the same model; latency and memory are no question here."""
    monkeypatch.setattr("onnxprune.gate.figures.peak_memory", lambda *_, **__: 2**20)
    for name in ("model.onnx", "small.onnx"):
        stored(SMALL, tmp_path / name)
    np.savez(tmp_path / "calib.npz", x=np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32))
    monkeypatch.setitem(STANDARD, "latency", 100.0)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("place")
def test_the_commands_in_order() -> None:
    assert len(COMMANDS) == 7
    for command in COMMANDS:
        done = CliRunner().invoke(app, shlex.split(command))
        assert (done.exit_code, done.stderr) == (0, ""), f"{command}: {done.output}"


def test_the_python_examples(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test, script = (text for kind, text in BLOCKS if kind == "python")
    exec(script, {})  # noqa: S102
    assert capsys.readouterr().out.startswith("met: 2 limits\nsize.ratio met ")
    names: dict[str, object] = {}
    exec(test, names)  # noqa: S102
    assert "test_the_model_is_no_worse" in names


def test_the_toml_is_what_init_writes() -> None:
    assert [text for kind, text in BLOCKS if kind == "toml"] == [template()]


def test_the_yaml_names_what_there_is() -> None:
    action, hook = (yaml.safe_load(text)[0] for kind, text in BLOCKS if kind == "yaml")
    described = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert set(action["with"]) <= set(described["inputs"])
    assert hook["hooks"][0]["id"] == hooks[0]["id"]
