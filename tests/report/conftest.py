"""A report of a run that really was, and a way to change it."""

from __future__ import annotations

from pathlib import Path

import pytest

from onnxprune.pruning import Options, Result, optimize
from onnxprune.report import Report, summarize
from tests.cli.conftest import stored
from tests.nets import CNN


@pytest.fixture(scope="session")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    folder = tmp_path_factory.mktemp("report")
    return optimize(stored(CNN, folder / "model.onnx"), folder / "small.onnx", Options())


@pytest.fixture(scope="session")
def report(result: Result) -> Report:
    return summarize(result)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return stored(CNN, tmp_path / "model.onnx")
