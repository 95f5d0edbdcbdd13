"""The plug-in for pytest, found by its entry point in a run of its own; and the function behind it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from onnxprune.errors import InputError
from onnxprune.gate import UndecidedGate, assert_onnx_gate
from tests.gate.integrations.conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

TESTS = """
import pytest

def test_good(assert_onnx_gate):
    found = assert_onnx_gate("model.onnx", "baseline.json")
    assert found.met and len(found.findings) == 2

def test_bad(assert_onnx_gate):
    assert_onnx_gate("larger.onnx", "baseline.json", params=1.0)

def test_limits(assert_onnx_gate):
    assert_onnx_gate("larger.onnx", "baseline.json", size=3.0, macs={"ratio": 2.0})
"""


def test_a_real_run(repository: Path, environment: dict[str, str], tmp_path: Path) -> None:
    info = tmp_path / "site" / "gate_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gate-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[pytest11]\nonnxprune = {PROJECT['entry-points']['pytest11']['onnxprune']}\n"
    )
    (repository / "test_model.py").write_text(TESTS)
    paths = os.pathsep.join([str(info.parent), environment["PYTHONPATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "error"],
        cwd=repository,
        env={**environment, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "AssertionError: larger.onnx: gate not met: 3 of 3 limits" in done.stdout
    assert "parameters: 384 is 200.0 % of the baseline's 192" in done.stdout


def test_a_run_that_does_not_use_it_loads_nothing_of_it() -> None:
    code = "import sys, onnxprune.pytest_plugin; print(*({'numpy', 'onnx', 'onnxruntime'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == []


def test_the_function(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    assert assert_onnx_gate("model.onnx").met
    with pytest.raises(AssertionError, match=r"larger.onnx: gate not met: 2 of 2 limits[^\n]*\nthe file: "):
        assert_onnx_gate("larger.onnx")
    with pytest.raises(InputError, match="there is no table 'sise'"):
        assert_onnx_gate("model.onnx", sise=1.0)
    (repository / "other.toml").write_text("params = 1.0\n")
    assert [f.limit for f in assert_onnx_gate("model.onnx", config="other.toml").findings] == ["params.ratio"]


def test_undecided_is_a_warning(repository: Path) -> None:
    model, baseline = repository / "model.onnx", repository / "baseline.json"
    with pytest.warns(UndecidedGate, match="not decided"):
        assert_onnx_gate(model, baseline, latency={"ratio": 1.0, "seconds": 1e-6})
    with pytest.raises(AssertionError, match="not decided"):
        assert_onnx_gate(model, baseline, latency={"ratio": 1.0, "seconds": 1e-6, "undecided": "fail"})
