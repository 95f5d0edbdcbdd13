from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from onnxprune.errors import InputError
from onnxprune.export import Port, Runner, export

Net = Callable[[str], str]
EXPORTERS = ("dynamo", "torchscript")


@pytest.mark.parametrize(("exporter", "opset"), [("dynamo", 18), ("torchscript", 17)])
def test_exported_file_computes_what_torch_computes(
    net: Net, tmp_path: Path, run: Runner, exporter: str, opset: int
) -> None:
    result = export(net("convnet"), tmp_path / "m.onnx", exporter=exporter, run=run)
    model = onnx.load(result.path)
    onnx.checker.check_model(model, full_check=True)
    assert result.max_error is not None
    assert result.max_error < 1e-5
    assert result.opset == model.opset_import[0].version == opset
    assert result.inputs == (Port("x", "float", (1, 3, 16, 16)),)
    assert result.outputs == (Port("output", "float", (1, 5)),)
    weights = {tensor.name for tensor in model.graph.initializer}
    assert "out.weight" in weights
    assert not any(name.startswith("module") for name in weights)
    assert [file.name for file in tmp_path.iterdir()] == ["m.onnx"]


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_attention_whose_mask_is_learned(net: Net, tmp_path: Path, run: Runner, exporter: str) -> None:
    options = {"input": "1x5x12"}
    result = export(net("BiasedAttention"), tmp_path / "m.onnx", options=options, exporter=exporter, run=run)
    assert result.max_error is not None
    assert result.max_error < 1e-5
    assert "Softmax" in {node.op_type for node in onnx.load(result.path).graph.node}


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_output_called_like_a_value_inside(net: Net, tmp_path: Path, run: Runner, exporter: str) -> None:
    options = {"input": "2x5:int64"}
    result = export(net("Encoder"), tmp_path / "m.onnx", options=options, exporter=exporter, run=run)
    assert [port.name for port in result.outputs] == ["embedding", "ids_out"]
    assert [port.dtype for port in result.outputs] == ["float", "int64"]


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_nothing_of_the_machine_is_in_the_file(net: Net, tmp_path: Path, exporter: str) -> None:
    content = export(net("perceptron"), tmp_path / "m.onnx", exporter=exporter).path.read_bytes()
    assert str(Path(__file__).parent).encode() not in content
    assert b"stack_trace" not in content


@pytest.mark.parametrize(("exporter", "opset"), [("dynamo", 20), ("torchscript", 13)])
def test_chosen_opset(net: Net, tmp_path: Path, run: Runner, exporter: str, opset: int) -> None:
    result = export(net("perceptron"), tmp_path / "m.onnx", exporter=exporter, opset=opset, run=run)
    assert onnx.load(result.path).opset_import[0].version == result.opset == opset


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"opset": 17}, "dynamo writes opset 18 to 23, not 17"),
        ({"opset": 21, "exporter": "torchscript"}, "torchscript writes opset 9 to 20, not 21"),
        ({"exporter": "torch-script"}, "unknown exporter 'torch-script'.*did you mean torchscript"),
    ],
)
def test_what_exporters_do_not_have(net: Net, tmp_path: Path, arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        export(net("perceptron"), tmp_path / "m.onnx", **arguments)


def test_without_a_runner_nothing_is_checked(net: Net, tmp_path: Path) -> None:
    result = export(net("perceptron"), tmp_path / "m.onnx", exporter="torchscript")
    assert result.max_error is None
    assert result.path.exists()


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_external_data(net: Net, tmp_path: Path, run: Runner, exporter: str) -> None:
    options = {"width": "200"}
    out = tmp_path / "m.onnx"
    result = export(net("perceptron"), out, options=options, exporter=exporter, external_data=True, run=run)
    assert result.max_error is not None
    assert result.max_error < 1e-5
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.onnx", "m.onnx.data"]
    assert (tmp_path / "m.onnx.data").stat().st_size >= 4 * 200 * 4 > out.stat().st_size - 2000
    inline = export(net("perceptron"), tmp_path / "i.onnx", options=options, exporter=exporter)
    assert not (tmp_path / "i.onnx.data").exists()
    feeds = {"features": np.ones((2, 4), np.float32)}
    np.testing.assert_allclose(run(out, feeds)[0], run(inline.path, feeds)[0], rtol=1e-6)


def test_a_model_that_cannot_be_traced_leaves_the_old_file(net: Net, tmp_path: Path) -> None:
    out = tmp_path / "m.onnx"
    out.write_bytes(b"old")
    with pytest.raises(InputError, match=r"^dynamo can't export torch:.*Untraceable \(torchscript may\): "):
        export(net("Untraceable"), out, options={"input": "2x4"})
    assert out.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [out]


def _twice(run: Runner) -> Runner:
    return lambda path, feeds: [2 * array for array in run(path, feeds)]


def _shorter(run: Runner) -> Runner:
    return lambda path, feeds: [array[:1] for array in run(path, feeds)]


def _not_a_number(run: Runner) -> Runner:
    return lambda path, feeds: [array * np.nan for array in run(path, feeds)]


def _fewer(run: Runner) -> Runner:
    return lambda path, feeds: []


def _failing(run: Runner) -> Runner:
    def fail(path: Path, feeds: Mapping[str, Any]) -> list[Any]:
        raise RuntimeError("no such operator")

    return fail


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_twice, "is wrong: its outputs differ by 1 "),
        (_shorter, "differ by inf"),
        (_not_a_number, "differ by nan"),
        (_fewer, "has 0 outputs, not 1"),
        (_failing, "doesn't run: RuntimeError: no such operator"),
    ],
)
def test_a_wrong_file_is_not_written(
    net: Net, tmp_path: Path, run: Runner, spoil: Callable[[Runner], Runner], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        export(net("perceptron"), tmp_path / "m.onnx", exporter="torchscript", run=spoil(run))
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there(net: Net, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the folder .*nowhere doesn't exist"):
        export(net("perceptron"), tmp_path / "nowhere" / "m.onnx")


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_exporting_is_silent(net: Net, tmp_path: Path, capfd: pytest.CaptureFixture[str], exporter: str) -> None:
    export(net("convnet"), tmp_path / "m.onnx", exporter=exporter)
    assert capfd.readouterr() == ("", "")


def test_weights_too_large_for_one_message_go_beside_the_model(
    net: Net, tmp_path: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The true limit of 2 GB would take minutes.
    monkeypatch.setattr("onnxprune.export.writer._LARGEST_INLINE", 4000)
    options = {"width": "200"}
    export(net("perceptron"), tmp_path / "m.onnx", options=options, exporter="torchscript", run=run)
    assert (tmp_path / "m.onnx.data").exists()
    inline = {"options": options, "exporter": "torchscript", "external_data": False}
    export(net("perceptron"), tmp_path / "i.onnx", **inline)
    assert not (tmp_path / "i.onnx.data").exists()
