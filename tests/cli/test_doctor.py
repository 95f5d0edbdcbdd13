"""`onnxprune doctor`."""

from __future__ import annotations

import importlib.util
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from onnxprune.runtime import available_providers, health
from tests.cli.conftest import Run


def test_what_is_there_is_told(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path / "not" / "yet"))
    found = json.loads(run("doctor", "--json").stdout)
    assert found["environment"]["onnxruntime"] == version("onnxruntime") and found["cores"] >= 1
    assert found["providers"] == available_providers() and "CPUExecutionProvider" in found["built_in"]
    assert found["cache"] == str(tmp_path / "not" / "yet") and found["cache_free"] > 0
    assert not (tmp_path / "not").exists()
    shown = run("doctor")
    assert (shown.exit_code, shown.stderr) == (0, "")
    for text in (version("onnxruntime"), found["cache"], *available_providers()):
        assert text in shown.stdout


def test_a_missing_plug_in_and_a_missing_extra(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    find = importlib.util.find_spec

    def lacking(name: str, *rest: Any) -> Any:
        return None if name == "PIL" else find(name, *rest)

    monkeypatch.setattr(health, "find_spec", lacking)
    monkeypatch.setenv("ONNXPRUNE_PLUGIN", str(tmp_path / "none.so"))
    shown = run("doctor")
    assert "pip install 'onnxprune[images]'): --data with pictures" in " ".join(shown.stdout.split())
    assert shown.exit_code == 0 and "ONNXPRUNE_PLUGIN names" in shown.stdout and "sparse" not in shown.stdout
