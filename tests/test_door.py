"""The public door: what `import onnxprune` offers, and what it costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import onnxprune
from tests.cli.conftest import stored
from tests.nets import CNN


@pytest.mark.parametrize("name", onnxprune.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(onnxprune, name) is not None and name in dir(onnxprune)


def test_no_other_name_is_there() -> None:
    with pytest.raises(AttributeError, match="module 'onnxprune' has no attribute 'optimise'"):
        onnxprune.optimise  # noqa: B018


def test_importing_it_is_quick() -> None:
    code = "import sys, onnxprune; print(*({'numpy', 'onnx', 'onnxruntime', 'torch'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split() == []


def test_the_whole_job_from_python(tmp_path: Path) -> None:
    model = stored(CNN, tmp_path / "model.onnx")
    survey = onnxprune.analyze(model)
    result = onnxprune.optimize(model, tmp_path / "small.onnx", onnxprune.Options(target=onnxprune.Target("macs", 0.5)))
    report = onnxprune.summarize(result)
    assert result.met and result.proof.ok and report.before.macs == survey.macs
    assert onnxprune.compare(model, tmp_path / "small.onnx", rounds=3).after.macs == report.after.macs
