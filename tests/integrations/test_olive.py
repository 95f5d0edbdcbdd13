"""The pass of Microsoft Olive, in workflows that Olive runs. Skipped where Olive isn't installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tests.directory.made import seq2seq, single, weights_of

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip("olive.package_config", reason="olive-ai is not installed", exc_type=ImportError)

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "olive-run.json"

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OLIVE_DISABLE_TELEMETRY", "1")
    monkeypatch.chdir(tmp_path)
    single(tmp_path / "bert")
    seq2seq(tmp_path / "bart")
    return tmp_path


def workflow(model: Any, *passes: dict[str, Any], **more: Any) -> Any:
    """Run passes by Olive, in the order given; its outcome."""
    from olive.workflows import run

    from onnxprune.integrations.olive import package_config

    named = {f"step{number}": one for number, one in enumerate(passes)}
    config = {"input_model": model, "passes": named, "output_dir": "out", "cache_dir": "cache", **more}
    return run(config, package_config=package_config())


def onnx_model(path: str) -> dict[str, Any]:
    return {"type": "ONNXModel", "model_path": path}


def test_a_workflow_prunes_and_goes_on(place: Path) -> None:
    prune = {"type": "OnnxPrune", "target": "params=0.7", "report": "report", "bench": False}
    workflow(onnx_model("bert/model.onnx"), prune, {"type": "OnnxFloatToFloat16"})
    small = weights_of(place / "out" / "model.onnx")
    report = json.loads((place / "report" / "report.json").read_text(encoding="utf-8"))
    assert small["up"].dtype == np.float16 and small["up"].shape[1] < 64
    assert report["target"]["met"] and report["proof"]["status"] == "proved"
    assert sum(array.size for array in small.values()) == report["after"]["params"]


def test_a_recipe_with_stages(place: Path) -> None:
    (place / "recipe.toml").write_text(
        'bench = false\n[[stage]]\nkind = "prune"\ntarget = "params=0.8"\n'
        '[[stage]]\nkind = "sparsify"\npattern = "4x1"\nleast = 1\nends = true\n',
        encoding="utf-8",
    )
    workflow(onnx_model("bert/model.onnx"), {"type": "OnnxPrune", "recipe": "recipe.toml", "seed": 1})
    small = weights_of(place / "out" / "model.onnx")
    assert small["up"].shape[1] < 64 and (small["up"] == 0).mean() >= 0.4


def test_by_the_command_line(place: Path) -> None:
    """The commands of docs/pipelines.md, with its file."""
    shutil.copy(EXAMPLE, place)
    np.savez(place / "bert.npz", input_ids=np.random.default_rng(0).integers(0, 11, (8, 6)))
    printed = subprocess.run(
        [sys.executable, "-m", "onnxprune.integrations.olive"], capture_output=True, text=True, check=True
    )
    (place / "olive_config.json").write_text(printed.stdout, encoding="utf-8")
    command = [sys.executable, "-m", "olive", "run", "--config", EXAMPLE.name, "--package-config", "olive_config.json"]
    subprocess.run(command, capture_output=True, check=True)
    small = weights_of(place / "bert-small" / "model.onnx")["up"]
    assert small.shape[1] < 64 and small.dtype == np.float16


def test_components_share_a_target(place: Path) -> None:
    names = ["encoder_model", "decoder_model", "decoder_with_past_model"]
    parts = [onnx_model(f"bart/{name}.onnx") for name in names]
    model = {"type": "CompositeModel", "model_components": parts, "model_component_names": names}
    dims = {"batch": 1, "sequence": 8, "steps": 4, "past": 3}
    outcome = workflow(model, {"type": "OnnxPrune", "target": "macs=0.5", "dims": dims, "report": "report"})
    assert outcome.has_output_model()
    plans = {name: json.loads((place / "report" / name / name / "plan.json").read_text("utf-8")) for name in names}
    first, then = (plans[name]["initializers"] for name in names[1:])
    assert first["up"]["1"] == then["weight_1"]["1"]
    before, after = (sum(plan["measured"][when]["macs"] for plan in plans.values()) for when in ("before", "after"))
    assert after <= 0.5 * before
    written = {path.name: path for path in (place / "out").rglob("*.onnx")}
    assert {f"{name}.onnx" for name in names} <= written.keys(), written
    assert weights_of(written["decoder_model.onnx"])["up"].shape[1] < 48


def test_data_of_olives_calibrate(place: Path) -> None:
    from olive.data.registry import Registry

    @Registry.register_dataset("numbered_tokens")
    def numbered_tokens(**_: Any) -> list[Any]:
        random = np.random.default_rng(0)
        return [({"input_ids": random.integers(0, 11, (6,))}, 0) for _ in range(12)]

    data = {
        "name": "tokens",
        "load_dataset_config": {"type": "numbered_tokens"},
        "dataloader_config": {"batch_size": 2},
    }
    prune = {"type": "OnnxPrune", "target": "params=0.7", "data_config": "tokens", "report": "report"}
    workflow(onnx_model("bert/model.onnx"), prune, data_configs=[data])
    plan = json.loads((place / "report" / "plan.json").read_text(encoding="utf-8"))
    assert plan["decided"]["criterion"] == "obs_loss" and plan["repairs"][0]["data"]["samples"] > 0
    onnx.checker.check_model(place / "out" / "model.onnx")


def test_a_search_over_targets(place: Path) -> None:
    """What Olive can search: a list of targets is a choice."""
    from olive.hardware import DEFAULT_CPU_ACCELERATOR

    from onnxprune.integrations.olive import OnnxPrune

    wanted = {"target": ["macs=0.9", "macs=0.4"]}
    _, _, searched = OnnxPrune.get_config_params(DEFAULT_CPU_ACCELERATOR, wanted)
    assert searched["target"].get_support() == ["macs=0.9", "macs=0.4"]
    assert OnnxPrune.generate_config(DEFAULT_CPU_ACCELERATOR, {}, disable_search=True).target is None


def test_bad_values_are_told(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Olive goes on after a pass that failed: without a model, and with the sentence in its log."""
    assert not workflow(onnx_model("bert/model.onnx"), {"type": "OnnxPrune", "target": "macs"}).has_output_model()
    assert (
        "target should be a quantity and a fraction of it" in caplog.text
        and not (place / "out" / "model.onnx").exists()
    )
