from pathlib import Path

import pytest

from onnxprune.errors import InputError
from onnxprune.export import Runner, export, load


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_export_by_name(tmp_path: Path, run: Runner, exporter: str) -> None:
    options = {"img_size": "32", "depth": "1", "num_classes": "5"}
    result = export("timm:vit_tiny_patch16_224", tmp_path / "m.onnx", options=options, exporter=exporter, run=run)
    assert result.max_error is not None
    assert result.max_error < 1e-5
    assert (result.inputs[0].shape, result.outputs[0].shape) == ((1, 3, 32, 32), (1, 5))


def test_the_size_and_channels_are_the_models_own() -> None:
    assert load("timm:test_byobnet").inputs["input"].shape == (1, 3, 160, 160)
    assert load("timm:test_byobnet", {"in_chans": "1"}).inputs["input"].shape == (1, 1, 160, 160)
    assert load("timm:test_byobnet", {"input": "2x3x64x64"}).inputs["input"].shape == (2, 3, 64, 64)


def test_unknown_name_and_option() -> None:
    with pytest.raises(InputError, match="no model 'vit_tiny_patch16_22'; did you mean vit_tiny_patch16_224"):
        load("timm:vit_tiny_patch16_22")
    with pytest.raises(InputError, match=r"can't build test_byobnet: TypeError: .*depht"):
        load("timm:test_byobnet", {"depht": "2"})
