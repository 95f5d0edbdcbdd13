"""The examples of docs/pipelines.md run by the programs that they are for. Skipped where these aren't installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnx
import pytest

from onnxprune import gate
from tests.cli.conftest import stored
from tests.nets import CNN

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ROOT = EXAMPLES.parents[1]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a model and data."""
    stored(CNN, tmp_path / "model.onnx")
    pictures = np.random.default_rng(0).standard_normal((24, 3, 16, 16)).astype(np.float32)
    np.savez(tmp_path / "calib.npz", x=pictures)
    return tmp_path


def call(place: Path, *command: str, **environment: str) -> str:
    """What a command prints; programs of this environment are found first."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "passes")])
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    known = {**os.environ, "PATH": programs, "PYTHONPATH": paths, **environment}
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, env=known)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(find_spec("dvc") is None, reason="dvc is not installed")
def test_dvc(place: Path) -> None:
    """Stages run, metrics are read, and nothing runs again that needn't."""
    for file in (EXAMPLES / "dvc").iterdir():
        shutil.copy(file, place)
    gate.record(place / "model.onnx", place / "baseline.json")
    dvc = (sys.executable, "-m", "dvc")
    quiet = {"DVC_NO_ANALYTICS": "1"}
    call(place, *dvc, "init", "--no-scm", **quiet)
    call(place, *dvc, "repro", **quiet)
    metrics = json.loads(call(place, *dvc, "metrics", "show", "--json", **quiet))
    shown = metrics[""]["data"]["report/report.json"]["data"]
    assert shown["after"]["macs"] == json.loads((place / "report" / "report.json").read_text("utf-8"))["after"]["macs"]
    assert "Data and pipelines are up to date" in call(place, *dvc, "repro", **quiet)
    (place / "params.yaml").write_text("target: macs=0.45\n", encoding="utf-8")
    call(place, *dvc, "repro", **quiet)
    again = json.loads((place / "report" / "report.json").read_text("utf-8"))
    assert again["after"]["macs"] < shown["after"]["macs"] and again["target"]["fraction"] == 0.45


@pytest.mark.skipif(find_spec("mlflow") is None, reason="mlflow is not installed")
def test_mlflow(place: Path) -> None:
    """The run has parameters, metrics, the report and a model that loads."""
    where = {"MLFLOW_TRACKING_URI": f"sqlite:///{place}/mlflow.db", "MLFLOW_DISABLE_TELEMETRY": "true"}
    script = str(EXAMPLES / "mlflow_log.py")
    call(place, sys.executable, script, "model.onnx", "small.onnx", "report", "calib.npz", **where)
    code = (
        "import json, mlflow\n"
        "run = mlflow.search_runs(output_format='list')[0]\n"
        "model = mlflow.search_logged_models(output_format='list')[0]\n"
        "loaded = mlflow.onnx.load_model(model.model_uri)\n"
        "names = [f.path for f in mlflow.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path='report')]\n"
        "print(json.dumps([run.data.params, run.data.metrics, run.data.tags['proof'], names,\n"
        "    {t.name: list(t.dims) for t in loaded.graph.initializer}]))"
    )
    params, metrics, proof, names, shapes = json.loads(call(place, sys.executable, "-c", code, **where))
    report = json.loads((place / "report" / "report.json").read_text("utf-8"))
    assert metrics["macs"] == report["after"]["macs"] and proof == "proved" and params["criterion"] == "obs_loss"
    assert {"report/plan.json", "report/report.json", "report/report.md"} <= set(names)
    written = onnx.load(place / "small.onnx").graph.initializer
    assert shapes == {tensor.name: list(tensor.dims) for tensor in written}
