import sys
from pathlib import Path

import onnx
import pytest
import torch

from onnxprune.errors import InputError
from tools import zoo_models
from tools.unet import unet
from tools.yolo_like import detector


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ONNXPRUNE_CACHE", str(tmp_path))
    return tmp_path / "zoo"


def test_names_and_variants() -> None:
    names, every = zoo_models.names(), zoo_models.names(variants=True)
    assert {"resnet50", "bert-base", "yolov8n-like", "unet"} <= set(names)
    assert len(names) == len(set(names)) == 18
    assert {"gpt2@torchscript", "gpt2@dynamic"} <= set(every)
    assert set(names) < set(every)
    assert "unet@dynamic" not in every


def test_unknown_name(cache: Path) -> None:
    with pytest.raises(InputError, match="no reference model unet@dynamic: there are resnet50"):
        zoo_models.path("unet@dynamic")


def test_a_model_is_exported_once(cache: Path) -> None:
    file = zoo_models.path("unet")
    assert file == cache / "unet.onnx"
    operators = {node.op_type for node in onnx.load(file).graph.node}
    assert {"ConvTranspose", "Concat", "MaxPool"} <= operators
    made = file.stat().st_mtime_ns
    assert zoo_models.path("unet").stat().st_mtime_ns == made


def test_command_line(cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cache.mkdir()
    graph = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 18]> g (float[2] x) => (float[2] y) {y = Relu(x)}'
    )
    onnx.save(graph, cache / "resnet50.onnx")
    monkeypatch.setattr(sys, "argv", ["zoo_models.py", "resnet50"])
    zoo_models.main()
    assert capsys.readouterr().out == f"{cache / 'resnet50.onnx'}  0.0 MB  1 nodes  cached\n"
    monkeypatch.setattr(sys, "argv", ["zoo_models.py", "resnet"])
    with pytest.raises(SystemExit, match="no reference model resnet"):
        zoo_models.main()


def test_shapes_of_the_modules_written_here() -> None:
    with torch.no_grad():
        net, image = unet()
        assert net.eval()(image[..., :32, :64]).shape == (1, 2, 32, 64)
        net, image = detector()
        found = net.eval()(image[..., :64, :96])
    assert found.shape == (1, 84, 8 * 12 + 4 * 6 + 2 * 3)
    assert ((found[:, 4:] >= 0) & (found[:, 4:] <= 1)).all()
    # Distances to the sides are averages of bins 0 to 15, at strides of at most 32.
    assert found[:, 2:4].min() >= 0
    assert found[:, 2:4].max() <= 2 * 15 * 32
