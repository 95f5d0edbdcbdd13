import subprocess
import sys
from pathlib import Path

import pytest

from onnxprune.errors import InputError
from onnxprune.export import Runner, export, load


@pytest.mark.parametrize("exporter", ["dynamo", "torchscript"])
def test_export_by_name(tmp_path: Path, run: Runner, exporter: str) -> None:
    options = {"num_classes": "7", "input": "1x3x32x32"}
    result = export("torchvision:squeezenet1_1", tmp_path / "m.onnx", options=options, exporter=exporter, run=run)
    assert result.max_error is not None
    assert result.max_error < 1e-5
    assert result.source == "torchvision:squeezenet1_1"
    assert (result.inputs[0].shape, result.outputs[0].shape) == ((1, 3, 32, 32), (1, 7))


def test_the_size_is_the_models_own() -> None:
    source = load("torchvision:vit_b_32", {"image_size": "64", "num_classes": "3"})
    assert source.inputs["input"].shape == (1, 3, 64, 64)


def test_segmentation_needs_no_download() -> None:
    source = load("torchvision:lraspp_mobilenet_v3_large", {"input": "1x3x32x32"})
    assert source.outputs == ("out",)
    assert source.run(source.inputs)[0].shape == (1, 21, 32, 32)


def test_unknown_name_and_option() -> None:
    with pytest.raises(InputError, match="no model 'resnet5'; did you mean resnet50"):
        load("torchvision:resnet5")
    with pytest.raises(InputError, match=r"can't build alexnet: TypeError: .*depht"):
        load("torchvision:alexnet", {"depht": "2"})


def test_torchvision_and_its_users_import_beside_any_torch() -> None:
    # In a process of its own: here they have been imported already.
    code = (
        "from onnxprune.export import load; load('torchvision:alexnet', {'input': '1x3x64x64'});"
        "import timm, transformers; transformers.BertModel, timm.create_model; print('imported')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "imported"), done.stderr
