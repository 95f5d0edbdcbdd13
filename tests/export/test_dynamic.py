from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from onnxprune.errors import InputError
from onnxprune.export import Runner, export
from onnxprune.export.axes import choices, other, output_shapes, traced
from onnxprune.export.loader import load

Net = Callable[[str], str]
EXPORTERS = ("dynamo", "torchscript")
PICTURE = {"x": {0: "batch", 2: "height", 3: "width"}}


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_batch_height_and_width(net: Net, tmp_path: Path, run: Runner, exporter: str) -> None:
    result = export(net("convnet"), tmp_path / "m.onnx", exporter=exporter, dynamic=True, run=run)
    assert result.inputs[0].shape == ("batch", 3, "height", "width")
    assert result.outputs[0].shape == ("batch", 5)
    (output,) = run(result.path, {"x": np.zeros((4, 3, 20, 9), np.float32)})
    assert output.shape == (4, 5)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_a_model_of_one_size_still_gets_a_dynamic_batch(net: Net, tmp_path: Path, run: Runner, exporter: str) -> None:
    options = {"input": "1x3x16x16"}
    out = tmp_path / "m.onnx"
    result = export(net("FixedSize"), out, options=options, exporter=exporter, dynamic=True, run=run)
    assert result.inputs[0].shape == ("batch", 3, 16, 16)
    assert result.outputs[0].shape == ("batch", 5)


def test_sizes_that_nobody_can_prove_stay_fixed(net: Net, tmp_path: Path) -> None:
    result = export(net("convnet"), tmp_path / "m.onnx", exporter="torchscript", dynamic=True)
    assert result.inputs[0].shape == ("batch", 3, 16, 16)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_a_model_of_one_batch_size_is_refused(net: Net, tmp_path: Path, run: Runner, exporter: str) -> None:
    with pytest.raises(InputError, match="FixedBatch"):
        export(
            net("FixedBatch"),
            tmp_path / "m.onnx",
            options={"input": "2x4"},
            exporter=exporter,
            dynamic=True,
            run=run,
        )
    assert not list(tmp_path.iterdir())


def test_choices_go_from_all_to_the_batch() -> None:
    axes = {**PICTURE, "ids": {0: "batch", 1: "sequence"}}
    assert choices(axes, dynamic=False, proven=True) == [{}]
    assert choices(axes, dynamic=True, proven=True) == [
        axes,
        {"x": {0: "batch"}, "ids": {0: "batch", 1: "sequence"}},
        {"x": {0: "batch"}, "ids": {0: "batch"}},
    ]
    assert choices(PICTURE, dynamic=True, proven=False) == [{"x": {0: "batch"}}]


def test_traced_inputs_have_no_dynamic_axis_of_length_one() -> None:
    x = torch.randn(1, 3, 1, 8)
    resized = traced({"x": x}, PICTURE)["x"]
    assert resized.shape == (2, 3, 2, 8)
    assert torch.equal(resized[1, :, 1], x[0, :, 0])


def test_other_lengths_differ_from_those_traced() -> None:
    inputs = {"x": torch.randn(1, 3, 16, 16), "ids": torch.arange(8).view(1, 8)}
    axes = {**PICTURE, "ids": {0: "batch", 1: "sequence"}}
    resized = other(inputs, axes)
    assert resized["x"].shape == (3, 3, 48, 80)
    assert resized["ids"].tolist() == [[0, 1, 2, 3, 4]] * 3


def test_output_axes_are_named_by_the_input_axis_they_follow(net: Net) -> None:
    source = load(net("convnet"))
    assert output_shapes(source, PICTURE) == [("batch", 5)]
    assert output_shapes(source, {"x": {2: "height"}}) == [(1, 5)]
